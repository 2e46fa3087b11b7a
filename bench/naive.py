"""The naive way: OpenSSH, a hook that checks out, the classic ``docker build``, tar in a container, ``curl``."""

import hashlib
import os
import pwd
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from docker import APIClient
from docker.errors import ImageNotFound

from bench.apps import git
from bench.errors import BenchError
from bench.processes import LOOPBACK, free_port, run, running
from bench.push import Marks, ssh_command
from gitreceive.adapters.docker.engine import Engine
from gitreceive.repositories import ensure_repository

HOOK = Path(__file__).parent / 'hooks' / 'post-receive'
LABEL = 'gitreceive.bench'
PRIVILEGE_SEPARATION = Path('/run/sshd')
SBIN = '/usr/sbin:/sbin:/usr/local/sbin'
PROBE = 'FROM gitreceive/cedar:12\nLABEL {label}\n'
MARKS = {
    'receive': r'-----> Checking out',
    'plan': r'-----> Building',
    'build': r'-----> Packing',
    'cut': r'-----> Storing',
    'store': r'-----> Stored',
}
SSHD_CONFIG = """\
ListenAddress {address}
Port {port}
HostKey {place}/host_key
AuthorizedKeysFile {place}/authorized_keys
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin forced-commands-only
SetEnv {variables}
"""


class Naive:
    """The running sshd and its repositories; satisfies the ``Way`` protocol."""

    name = 'the naive way'
    marks: Marks = MARKS

    def __init__(self, place: Path, key: Path, port: int, engine: Engine) -> None:
        self.ssh = ssh_command(key)
        self._place, self._port, self._engine = place, port, engine

    def prepare(self, app: str, *, deploys: bool = True) -> None:
        """The bare repository: plain, with the hook; or, if it does not deploy, with this receiver's own settings."""
        repo = self._repo(app)
        if not deploys:
            ensure_repository(repo)
            return
        git(self._place, 'init', '--quiet', '--bare', str(repo))
        git(repo, 'config', 'receive.advertisePushOptions', 'true')
        shutil.copy(HOOK, repo / 'hooks' / 'post-receive')

    def url(self, app: str) -> str:
        """See the protocol."""
        user = pwd.getpwuid(os.geteuid()).pw_name
        return f'ssh://{user}@{LOOPBACK}:{self._port}{self._repo(app)}'

    def slug(self, app: str) -> Path:
        """The newest slug of an app."""
        return self._place / 'trees' / f'{app}.tgz'

    def tidy(self) -> None:
        """Removes the containers that pushes left; not a part of what is measured."""
        with self._engine.connect() as client:
            remove_containers(client, label(self._place))

    def _repo(self, app: str) -> Path:
        return self._place / 'repos' / f'{app}.git'


@contextmanager
def naive_way(place: Path, key: Path, docker_host: str, store: str) -> Iterator[Naive]:
    """The naive way, as long as the context lasts; ``store`` is the URL of its storage.

    Raises BenchError if there is no sshd, or if it does not start.
    """
    sshd = shutil.which('sshd', path=f'{os.environ.get("PATH", "")}:{SBIN}')
    if sshd is None:
        raise BenchError('there is no sshd here: install openssh-server')
    port = free_port()
    _write(place, key, port, docker_host, store)
    with _privilege_separation():
        command = [sshd, '-D', '-e', '-f', str(place / 'sshd_config')]
        with running(command, place.parent.parent / 'sshd.log', os.environ, port):
            yield Naive(place, key, port, Engine(docker_host))


def classic_builder(place: Path, docker_host: str) -> str:
    """Why the classic builder cannot be had; empty if it can."""
    if not shutil.which('docker'):
        return 'there is no docker command here: install docker.io (or docker-cli)'
    if not shutil.which('curl'):
        return 'there is no curl here'
    folder = place / 'probe'
    folder.mkdir(parents=True)
    (folder / 'Dockerfile').write_text(PROBE.format(label=label(place)))
    environ = {'DOCKER_BUILDKIT': '0', 'DOCKER_HOST': docker_host}
    try:
        said = run('docker', 'build', folder, environ=environ)
    except BenchError as error:
        return f'the classic builder does not work here: {error}'
    return '' if 'Step 1/' in said else 'this docker command builds with BuildKit only'


def label(place: Path) -> str:
    """What marks all that the bench makes in the engine."""
    return f'{LABEL}={identity(place)}'


def identity(place: Path) -> str:
    """A short name for this bench among others on the same engine."""
    return hashlib.sha256(str(place).encode()).hexdigest()[:12]


@contextmanager
def swept(place: Path, docker_host: str) -> Iterator[None]:
    """Removes what an earlier run left in the engine, and in the end what this one leaves."""
    engine = Engine(docker_host)
    _sweep(engine, label(place))
    try:
        yield
    finally:
        _sweep(engine, label(place))


def remove_containers(client: APIClient, mark: str) -> None:
    """Removes the containers that carry a label."""
    for container in client.containers(all=True, filters={'label': mark}):
        client.remove_container(container['Id'], force=True)


def _sweep(engine: Engine, mark: str) -> None:
    with engine.connect() as client, engine.errors('removed what the bench made'):
        remove_containers(client, mark)
        for image in client.images(filters={'label': mark}):
            with suppress(ImageNotFound):
                client.remove_image(image['Id'], force=True)


def _write(place: Path, key: Path, port: int, docker_host: str, store: str) -> None:
    """All that sshd reads. An empty HOME: the shell's start-up files of this machine are not what is measured."""
    for folder in ('repos', 'trees', 'empty'):
        (place / folder).mkdir(parents=True)
    run('ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', place / 'host_key')
    public = Path(f'{key}.pub').read_text()
    (place / 'authorized_keys').write_text(
        f'command="git-shell -c \\"$SSH_ORIGINAL_COMMAND\\"",restrict {public}'
    )
    variables = {
        'HOME': place / 'empty',
        'DOCKER_HOST': docker_host,
        'BENCH_TREES': place / 'trees',
        'BENCH_TAG': f'gitreceive-bench-{identity(place)}',
        'BENCH_LABEL': label(place),
        'BENCH_STORE': store,
    }
    text = ' '.join(f'"{name}={value}"' for name, value in variables.items())
    config = SSHD_CONFIG.format(address=LOOPBACK, port=port, place=place, variables=text)
    (place / 'sshd_config').write_text(config)


@contextmanager
def _privilege_separation() -> Iterator[None]:
    """The directory that Debian's sshd wants when root starts it; its service would make it."""
    if os.geteuid() != 0 or PRIVILEGE_SEPARATION.exists():
        yield
        return
    PRIVILEGE_SEPARATION.mkdir(mode=0o755)
    try:
        yield
    finally:
        PRIVILEGE_SEPARATION.rmdir()
