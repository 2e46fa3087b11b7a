"""A server for a module's tests, people with keys, and something to push."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.sshd.attacker import Peer
from tests.e2e.sshd.sshd_process import Client, RunningServer, make_key, make_work, register


@pytest.fixture(scope='session')
def people(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Private key files by name; ``mallory`` is never registered."""
    folder = tmp_path_factory.mktemp('people')
    return {name: make_key(folder / name) for name in ('alice', 'bob', 'mallory')}


@pytest.fixture
def start_server(tmp_path: Path, people: dict[str, Path]) -> Iterator[Callable[..., RunningServer]]:
    """Starts servers with alice (all apps) and bob (``only`` alone) registered; ends them after the test."""
    started: list[RunningServer] = []

    def start(name: str = 'home', **environ: str) -> RunningServer:
        home = tmp_path / name
        if not (home / 'access').exists():
            register(home, 'alice', people['alice'])
            register(home, 'bob', people['bob'], 'only')
        started.append(RunningServer(home, environ=environ))
        return started[-1]

    yield start
    for server in started:
        server.end()


@pytest.fixture
def server(start_server: Callable[..., RunningServer]) -> RunningServer:
    """A server of the test's own."""
    return start_server()


@pytest.fixture
def alice(server: RunningServer, people: dict[str, Path]) -> Client:
    """May reach every app."""
    return Client(people['alice'], server)


@pytest.fixture
def bob(server: RunningServer, people: dict[str, Path]) -> Client:
    """May reach ``only``."""
    return Client(people['bob'], server)


@pytest.fixture
def mallory(server: RunningServer, people: dict[str, Path]) -> Client:
    """Has a key that nobody knows."""
    return Client(people['mallory'], server)


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """A working directory with one commit on ``main``."""
    return make_work(tmp_path / 'work')


@pytest.fixture
def peer(server: RunningServer, people: dict[str, Path]) -> Iterator[Peer]:
    """Alice, with a client that sends what it likes."""
    with Peer(server) as peer:
        peer.log_in(people['alice'])
        yield peer
