"""What each package manager is told: to install what the lock file says, and to take away what only development needs."""

from collections.abc import Mapping
from dataclasses import dataclass

from .managers import Manager


@dataclass(frozen=True, slots=True, kw_only=True)
class Commands:
    """Arguments for the scripts ``npm``, ``yarn`` and ``pnpm`` of this buildpack."""

    install: tuple[str, ...]
    prune: tuple[str, ...]


def keeps_development(env: Mapping[str, str]) -> bool:
    """Whether config vars keep the dependencies of development: those that Heroku's buildpack looks at."""
    return (
        any(env.get(name, '').lower() == 'false' for name in ('NPM_CONFIG_PRODUCTION', 'YARN_PRODUCTION'))
        or any(env.get(name, '').lower() == 'true' for name in ('PNPM_SKIP_PRUNING', 'YARN2_SKIP_PRUNING'))
        or env.get('NODE_ENV', 'production') != 'production'
    )


def commands(manager: Manager, with_dev: bool, env: Mapping[str, str]) -> Commands:
    """The commands of ``manager``; ``with_dev``: with the dependencies of development at first."""
    if manager.name == 'npm':
        return _npm(manager, with_dev, env)
    if manager.name == 'pnpm':
        return Commands(
            install=(
                'install',
                '--frozen-lockfile' if manager.lock else '--no-lockfile',
                '--prod=false' if with_dev else '--prod',
            ),
            prune=(
                'install',
                '--frozen-lockfile' if manager.lock else '--no-lockfile',
                '--prod',
                '--ignore-scripts',
            ),
        )
    return _berry(manager, with_dev) if manager.berry else _yarn(manager, with_dev)


def _npm(manager: Manager, with_dev: bool, env: Mapping[str, str]) -> Commands:
    words: tuple[str, ...] = ('ci',)
    if not manager.lock:
        words = ('install', '--no-package-lock')
    elif env.get('USE_NPM_INSTALL', '').lower() == 'true':
        words = ('install',)
    return Commands(
        install=(*words, '--include=dev' if with_dev else '--omit=dev'),
        prune=('prune', '--omit=dev', '--ignore-scripts'),
    )


def _yarn(manager: Manager, with_dev: bool) -> Commands:
    words = ('install', '--frozen-lockfile' if manager.lock else '--no-lockfile')
    return Commands(
        install=(*words, f'--production={"false" if with_dev else "true"}'),
        prune=(*words, '--production=true', '--ignore-scripts', '--prefer-offline'),
    )


def _berry(manager: Manager, with_dev: bool) -> Commands:
    install = ('install', '--immutable') if manager.lock else ('install', '--no-immutable')
    return Commands(
        install=install if with_dev else (*install, '--production'), prune=('prune', '--production')
    )
