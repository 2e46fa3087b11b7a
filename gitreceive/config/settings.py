"""The receiver's settings: one frozen record for each table of the settings file, in the order of the manual."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class SshSettings:
    """``listen`` is ``host:port``; ``host`` the name that pushers use, for the commands that are shown to them.

    ``user`` is the user name or number that ``serve`` gives the SSH server (empty: the same user); ``algorithms`` is a
    name of ``gitreceive.sshd.algorithms.PROFILES``.
    """

    listen: str = '127.0.0.1:2222'
    host: str = 'localhost'
    user: str = ''
    algorithms: str = 'default'

    @property
    def address(self) -> tuple[str, int]:
        """``listen`` as host and port."""
        host, _, port = self.listen.rpartition(':')
        return host.strip('[]'), int(port)


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageSettings:
    """``url``: the first is where slugs are stored, the others mirror it (none: ``slugs/`` in the home).

    ``secrets`` is a file with the credentials for them; ``keep_releases`` how many of an app's newest releases keep
    their slugs.
    """

    url: tuple[str, ...] = ()
    secrets: str = ''
    keep_releases: int = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineSettings:
    """``url`` is the Docker engine's (empty: the default socket)."""

    url: str = ''


@dataclass(frozen=True, slots=True, kw_only=True)
class AppSettings:
    """``create``: whether a first push creates the app; ``per_key``: how many apps a key may create.

    ``stack``: what an app is built on unless it says so itself.
    ``strict_branch``: whether a push of ``main`` is refused where ``master`` is deployed, and the reverse, instead of
    stored.
    """

    create: bool = True
    per_key: int = 100
    stack: str = 'cedar-12'
    strict_branch: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildSettings:
    """``parallel`` builds run at once; ``buildpacks`` are directories, each of one buildpack.

    ``buildpack_hosts`` and ``submodule_hosts`` are where classic buildpacks and submodules may be fetched from;
    ``python_mirror`` is the URL of Pythons that the stack lacks, ``gradle_distribution`` that of the Gradle that builds
    apps without a wrapper (empty: the stack's).
    """

    parallel: int = 2
    buildpacks: tuple[Path, ...] = ()
    buildpack_hosts: tuple[str, ...] = ('github.com', 'codeload.github.com', 'gitlab.com')
    submodule_hosts: tuple[str, ...] = ()
    python_mirror: str = ''
    gradle_distribution: str = ''


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistrySettings:
    """``listen`` is the ``host:port`` where releases are served as images over HTTP (empty: they are not)."""

    listen: str = ''


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSettings:
    """``enabled``: releases are run here, not only built and stored.

    ``boot_seconds`` an instance may take until it answers, ``stop_seconds`` until it is killed; ``memory_bytes``,
    ``millicpus`` (thousandths of a core, 0: all of them), ``pids``, ``log_bytes`` and ``disk_bytes`` (0: all there are) are what each may use.
    ``command_seconds`` a command of ``run`` may take. ``allow_private``: instances reach each other, the host and private networks.
    """

    enabled: bool = True
    boot_seconds: int = 60
    stop_seconds: int = 30
    memory_bytes: int = 512_000_000
    millicpus: int = 0
    pids: int = 1024
    log_bytes: int = 10_000_000
    disk_bytes: int = 4_000_000_000
    command_seconds: int = 86_400
    allow_private: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RouterSettings:
    """``listen`` and ``tls_listen`` are ``host:port`` for HTTP and HTTPS (empty: not); apps are ``APP.domain``.

    ``haproxy`` is the program (empty: there is no router, instances have ports of their own). ``acme`` is the directory
    URL of a certificate authority (empty: one of the receiver's own) and ``acme_email`` where it may write to;
    ``redirect``: HTTP is redirected to HTTPS. ``max_requests`` an app may have at once, ``max_queued`` may wait.
    """

    listen: str = '127.0.0.1:8080'
    tls_listen: str = ''
    domain: str = 'localhost'
    haproxy: str = 'haproxy'
    acme: str = ''
    acme_email: str = ''
    redirect: bool = False
    max_requests: int = 200
    max_queued: int = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a push may cost. Sizes in bytes, times in seconds."""

    build_seconds: int = 15 * 60
    slug_bytes: int = 500_000_000
    unpacked_bytes: int = 5_000_000_000
    checkout_bytes: int = 1_000_000_000
    checkout_files: int = 100_000
    checkout_depth: int = 256
    pack_bytes: int = 2_000_000_000
    log_bytes: int = 300_000_000
    free_bytes: int = 1_000_000_000
    free_inodes: int = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class KeySettings:
    """What one key may do at once: ``sessions`` of git, ``commands`` over SSH, ``requests`` to the daemon beside pushes."""

    sessions: int = 400
    commands: int = 32
    requests: int = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All of them. ``home`` holds everything that the receiver writes."""

    home: Path
    ssh: SshSettings = SshSettings()
    apps: AppSettings = AppSettings()
    builds: BuildSettings = BuildSettings()
    storage: StorageSettings = StorageSettings()
    engine: EngineSettings = EngineSettings()
    registry: RegistrySettings = RegistrySettings()
    run: RunSettings = RunSettings()
    router: RouterSettings = RouterSettings()
    keys: KeySettings = KeySettings()
    limits: Limits = Limits()

    @property
    def storage_urls(self) -> tuple[str, ...]:
        """Where slugs go: the first, and its mirrors."""
        return self.storage.url or ((self.home / 'slugs').as_uri(),)


TABLES: Mapping[str, type] = {
    'ssh': SshSettings,
    'apps': AppSettings,
    'builds': BuildSettings,
    'storage': StorageSettings,
    'engine': EngineSettings,
    'registry': RegistrySettings,
    'run': RunSettings,
    'router': RouterSettings,
    'keys': KeySettings,
    'limits': Limits,
}
"""The tables of the settings file."""


def default_home(environ: Mapping[str, str], uid: int) -> Path:
    """``/var/lib/gitreceive`` for root, else below the user's state directory (XDG base directories)."""
    if uid == 0:
        return Path('/var/lib/gitreceive')
    state = environ.get('XDG_STATE_HOME') or os.path.join(environ.get('HOME', '/'), '.local', 'state')
    return Path(state) / 'gitreceive'
