"""What tests share: their environment, the engine and the stack. Tests that ask for an engine are skipped where there is none."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import venv
from collections.abc import Callable, Iterator
from fnmatch import fnmatch
from pathlib import Path

import docker
import hypothesis
import pytest
from docker.errors import DockerException

from gitreceive.cli.lines import Lines
from gitreceive.model.plan import Stack
from gitreceive.stack.build import Options
from gitreceive.stack.recipe import load_recipe
from gitreceive.wiring.engine import make_stack
from tests.e2e.receiver import Pusher, Receiver
from tests.e2e.sshd.sshd_process import make_key
from tests.environment import settle

DEFAULT = 'unix:///var/run/docker.sock'
ROOT = Path(__file__).parents[1]

# Before any module of tests is read: some read the environment when they are imported.
settle(ROOT / 'build' / 'caches')

# How fast the machine is decides nothing.
hypothesis.settings.register_profile(
    'tests',
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
    database=None,
    print_blob=True,
)
hypothesis.settings.load_profile('tests')

# A shell starts what runs in the background with SIGINT ignored, nohup(1) with SIGHUP, and every child inherits that.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.fixture(scope='session')
def docker_host() -> str:
    """The address of an engine that answers: ``DOCKER_HOST``, else the default socket."""
    host = os.environ.get('DOCKER_HOST') or DEFAULT
    try:
        client = docker.DockerClient(base_url=host, version='auto', timeout=20)
        client.ping()
        client.close()
    except DockerException as error:
        missing = f'no Docker engine answers at {host}: {error}'
        if os.environ.get('GITRECEIVE_REQUIRE_DOCKER') == '1':
            pytest.fail(missing)
        pytest.skip(missing)
    return host


@pytest.fixture(scope='session')
def engine(docker_host: str):
    """A client of that engine."""
    client = docker.DockerClient(base_url=docker_host, version='auto', timeout=600)
    yield client
    client.close()


@pytest.fixture(scope='session')
def stack(docker_host: str) -> Stack:
    """The stack, whose images are in the engine."""
    recipe = load_recipe(os.environ.get('GITRECEIVE_TEST_STACK', 'cedar-12'))
    make_stack(recipe, {**os.environ, 'DOCKER_HOST': docker_host}, Lines())
    return recipe.stack


@pytest.fixture(scope='session')
def rust(docker_host: str, stack: Stack) -> str:
    """The image of the stack's addition ``rust``, which is in the engine."""
    return added(docker_host, stack, 'rust')


@pytest.fixture(scope='session')
def php(docker_host: str, stack: Stack) -> str:
    """The image of the stack's addition ``php``, which is in the engine."""
    return added(docker_host, stack, 'php')


def added(docker_host: str, stack: Stack, name: str) -> str:
    environ = {**os.environ, 'DOCKER_HOST': docker_host}
    make_stack(load_recipe(stack.name), environ, Lines(), Options(additions=(name,)))
    return stack.addition(name)


@pytest.fixture(scope='session')
def key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A private key file."""
    return make_key(tmp_path_factory.mktemp('keys') / 'ann')


@pytest.fixture(scope='module')
def receivers(docker_host: str, stack: Stack, key: Path) -> Iterator[Callable[..., Pusher]]:
    """Makes receivers of a kind with a registered key; they are not started. Ends them with the module."""
    made: list[Receiver] = []

    def make(folder: Path, kind: type[Receiver] = Receiver, **environ: str | bool) -> Pusher:
        folder.mkdir(parents=True, exist_ok=True)
        receiver = kind(folder, docker_host, **environ)  # type: ignore[arg-type]
        made.append(receiver)
        added = receiver.host('keys', 'add', 'ann', f'{key}.pub')
        assert added.status == 0, added.err
        return Pusher(key, receiver)

    yield make
    for receiver in made:
        receiver.end()


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A directory that every user may enter; pytest's own ones are for its user alone."""
    with tempfile.TemporaryDirectory(prefix='gr-open-') as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.fixture(scope='session')
def open_python() -> Iterator[str]:
    """A Python with this package that every user may run: the tests' own, or a copy if the checkout is in a private place."""
    if any_user_runs(sys.executable):
        yield sys.executable
        return
    with tempfile.TemporaryDirectory(prefix='gr-open-') as folder:
        yield copy_where_all_may_read(Path(folder))


def any_user_runs(python: str) -> bool:
    command = [python, '-c', 'import gitreceive.cli.main']
    try:
        done = subprocess.run(command, user=65534, group=65534, extra_groups=[], cwd='/', capture_output=True)
    except PermissionError:
        return False
    return done.returncode == 0


def _not_of_the_sources(folder: str, names: list[str]) -> set[str]:
    """Of a checkout: git's own files, caches, and what was built in it."""
    top = {'build', '.git'} if Path(folder) == Path(__file__).parents[1] else set()
    return {name for name in names if name in top or fnmatch(name, '.*_cache')}


def copy_where_all_may_read(folder: Path) -> str:
    """The interpreter of a copy of the checkout and of the packages that it needs."""
    checkout, own = Path(__file__).parents[1], folder / 'venv'
    folder.chmod(0o755)
    shutil.copytree(checkout, folder / 'checkout', ignore=_not_of_the_sources)
    venv.create(own, symlinks=True)
    packages = Path(pytest.__file__).parents[1]
    copied = own / packages.relative_to(sys.prefix)
    shutil.copytree(packages, copied, dirs_exist_ok=True, ignore=shutil.ignore_patterns('__editable__*'))
    (copied / 'checkout.pth').write_text(f'{folder}/checkout\n')
    python = str(own / 'bin' / 'python')
    assert any_user_runs(python), f'no other user can run {python}'
    return python
