"""The receiver's settings: one TOML file, then ``GITRECEIVE_<KEY>`` of the environment, then options. Read once."""

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from types import MappingProxyType

from gitreceive.model.errors import SettingsError

URL = re.compile(r'https?://[A-Za-z0-9._~:/@%+-]{1,500}', re.ASCII)

SYSTEM_CONFIG = Path('/etc/gitreceive/gitreceive.toml')


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a push may cost. Sizes in bytes, times in seconds."""

    build_seconds: int = 15 * 60
    slug_bytes: int = 500_000_000
    checkout_bytes: int = 1_000_000_000
    checkout_files: int = 100_000
    checkout_depth: int = 256
    pack_bytes: int = 2_000_000_000
    log_bytes: int = 300_000_000
    free_bytes: int = 1_000_000_000
    free_inodes: int = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All of them. ``home`` holds everything that the receiver writes.

    ``listen`` is ``host:port``; ``ssh_host`` the name that pushers use (for the hints in the push output);
    ``algorithms`` is ``default`` or ``strict``; ``door_user`` a user name or number that ``serve`` gives the door
    (empty: the same user); ``storage`` a URL (empty: ``slugs/`` in ``home``), or several, the first of which is the
    truth and the others its mirrors; ``storage_secrets`` a file with the credentials for them; ``create_apps`` whether
    a first push makes the app; ``builds`` how many builds run at once; ``keep_releases`` how many of an app's newest
    releases keep their slugs; ``engine`` the Docker engine's URL (empty: the default socket); ``buildpacks``
    directories of buildpacks, joined by ``:``; ``buildpack_hosts`` where classic ones may be fetched from, words;
    ``submodule_hosts`` the same for submodules (empty: none are);
    ``python_mirror`` the URL of Pythons that the stack lacks (empty: there are none); ``gradle_distribution`` the URL of
    the Gradle that builds apps without a wrapper (empty: the stack's).
    """

    home: Path
    listen: str = '127.0.0.1:2222'
    ssh_host: str = 'localhost'
    algorithms: str = 'default'
    door_user: str = ''
    storage: str = ''
    storage_secrets: str = ''
    stack: str = 'cedar-12'
    create_apps: bool = True
    builds: int = 2
    keep_releases: int = 10
    engine: str = ''
    buildpacks: str = ''
    buildpack_hosts: str = 'github.com codeload.github.com gitlab.com'
    submodule_hosts: str = ''
    python_mirror: str = ''
    gradle_distribution: str = ''
    limits: Limits = Limits()

    @property
    def listen_address(self) -> tuple[str, int]:
        """``listen`` as host and port."""
        host, _, port = self.listen.rpartition(':')
        return host.strip('[]'), int(port)

    @property
    def buildpack_directories(self) -> tuple[Path, ...]:
        """``buildpacks`` as paths."""
        return tuple(Path(path) for path in self.buildpacks.split(':') if path)

    @property
    def storage_url(self) -> str:
        """Where slugs go."""
        return self.storage or f'file://{self.home / "slugs"}'


def default_home(environ: Mapping[str, str], uid: int) -> Path:
    """``/var/lib/gitreceive`` for root, else below the user's state directory (XDG base directories)."""
    if uid == 0:
        return Path('/var/lib/gitreceive')
    state = environ.get('XDG_STATE_HOME') or os.path.join(environ.get('HOME', '/'), '.local', 'state')
    return Path(state) / 'gitreceive'


def load_settings(
    *, config: Path | None, environ: Mapping[str, str], options: Mapping[str, str] = MappingProxyType({})
) -> Settings:
    """Reads, merges and checks the settings. ``options`` (from the command line) win over all.

    Raises SettingsError that names the place of an unknown key or a bad value.
    """
    values: dict[str, tuple[str, object]] = {}
    for place, found in (
        _from_file(config),
        ('the environment', _from_environ(environ)),
        ('the command line', options),
    ):
        for key, value in found.items():
            values[key] = (place, value)
    limits = {key: _convert(values.pop(key), key, 'int') for key in _types(Limits) if key in values}
    known = {key: _convert(pair, key, kind) for key, pair in values.items() if (kind := _known(key, pair))}
    known.setdefault('home', default_home(environ, os.geteuid()))
    known.setdefault('engine', environ.get('DOCKER_HOST', ''))
    return _checked(Settings(limits=Limits(**limits), **known))  # type: ignore[arg-type]


def as_environment(settings: Settings) -> dict[str, str]:
    """The settings as the variables that ``load_settings`` reads: how a supervisor hands them on."""
    found = {f.name: getattr(settings, f.name) for f in fields(Settings) if f.name != 'limits'}
    found |= {f.name: getattr(settings.limits, f.name) for f in fields(Limits)}
    return {f'GITRECEIVE_{key.upper()}': str(value) for key, value in found.items()}


def _from_file(config: Path | None) -> tuple[str, Mapping[str, object]]:
    path = config or SYSTEM_CONFIG
    try:
        data = tomllib.loads(path.read_text('utf-8'))
    except OSError as error:
        if config is None and isinstance(error, FileNotFoundError):
            return str(path), {}
        raise SettingsError(f'cannot read the settings file {path}: {error.strerror}') from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f'{path} is not valid TOML: {error}') from error
    limits = data.pop('limits', {})
    if not isinstance(limits, dict):
        raise SettingsError(f'{path}: "limits" is a table: write [limits]')
    return str(path), {**data, **limits}


def _from_environ(environ: Mapping[str, str]) -> Mapping[str, object]:
    keys = {*_types(Settings), *_types(Limits)} - {'limits'}
    return {key: environ[name] for key in sorted(keys) if (name := f'GITRECEIVE_{key.upper()}') in environ}


def _types(record: type) -> dict[str, str]:
    return {f.name: getattr(f.type, '__name__', str(f.type)) for f in fields(record)}


def _known(key: str, pair: tuple[str, object]) -> str:
    kinds = _types(Settings)
    if key == 'limits' or key not in kinds:
        known = sorted({*kinds, *_types(Limits)} - {'limits'})
        raise SettingsError(f'{pair[0]}: unknown setting "{key}"; there are {", ".join(known)}')
    return kinds[key]


def _convert(pair: tuple[str, object], key: str, kind: str) -> object:
    place, value = pair
    text = (' '.join(map(str, value)) if isinstance(value, list) else str(value)).strip()
    if kind == 'bool' and text.lower() in ('true', '1', 'yes', 'on', 'false', '0', 'no', 'off'):
        return text.lower() in ('true', '1', 'yes', 'on')
    if kind == 'int' and text.replace('_', '').isdecimal():
        return int(text)
    if kind == 'Path' and text:
        return Path(text).expanduser().absolute()
    if kind == 'str':
        return text
    wanted = {'bool': 'true or false', 'int': 'a whole number', 'Path': 'a directory'}[kind]
    raise SettingsError(f'{place}: {key} = {text!r}: {wanted} is expected')


def _checked(settings: Settings) -> Settings:
    host, _, port = settings.listen.rpartition(':')
    if not host or not port.isdecimal() or int(port) > 65535:
        raise SettingsError(f'listen = {settings.listen!r}: host:port is expected, for example 0.0.0.0:2222')
    if settings.algorithms not in ('default', 'strict'):
        raise SettingsError(f'algorithms = {settings.algorithms!r}: "default" or "strict" is expected')
    for key in ('python_mirror', 'gradle_distribution'):
        url = getattr(settings, key)
        if url and not URL.fullmatch(url):
            raise SettingsError(
                f'{key} = {url!r}: a URL of http or https is expected, with nothing to escape'
            )
    if settings.builds < 1:
        raise SettingsError('builds = 0: at least one build must be able to run')
    if settings.keep_releases < 1:
        raise SettingsError('keep_releases = 0: at least the slug that an app runs is kept')
    return settings
