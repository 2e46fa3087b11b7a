"""This receiver: ``gitreceive serve`` on a home of its own."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.processes import LOOPBACK, free_port, run, running
from bench.push import Marks, ssh_command
from gitreceive.adapters.buildkit.builder import DockerImageBuilder
from gitreceive.adapters.docker.engine import Engine
from gitreceive.config.home import Home
from gitreceive.model.app import AppName
from tests.e2e.running import end_all

GITRECEIVE = (sys.executable, '-m', 'gitreceive.cli.main')
MARKS = {
    'receive': r'-----> Building ',
    'plan': r'-----> .* app detected',
    'build': r'-----> Discovering process types',
    'cut': r' sha256 [0-9a-f]{64}',
    'store': r'-----> Releasing',
}


class Ours:
    """The running receiver; satisfies the ``Way`` protocol."""

    name = 'this receiver'
    marks: Marks = MARKS

    def __init__(self, home: Path, key: Path, port: int) -> None:
        self.ssh = ssh_command(key)
        self._home, self._port = Home(home), port

    def prepare(self, app: str, *, deploys: bool = True) -> None:
        """Nothing: the first push makes the app."""

    def url(self, app: str) -> str:
        """See the protocol."""
        return f'ssh://git@{LOOPBACK}:{self._port}/{app}.git'

    def slug(self, app: str) -> Path:
        """The newest slug of an app."""
        slugs = (self._home.root / 'slugs' / AppName(app)).glob('*.tgz')
        return max(slugs, key=lambda path: path.stat().st_mtime)


@contextmanager
def our_way(place: Path, key: Path, engine: str, *, router: int = 0) -> Iterator[Ours]:
    """The receiver, as long as the context lasts. What it made in the engine is removed, except the build cache.

    It runs releases only where its ``router`` has a port: the peers build and store, too, and run nothing.
    """
    home, port = place / 'home', free_port()
    environ = {name: value for name, value in os.environ.items() if not name.startswith('GITRECEIVE_')}
    environ |= {'GITRECEIVE_ENGINE_URL': engine, 'GITRECEIVE_HOME': str(home)}
    environ['GITRECEIVE_RUN_ENABLED'] = 'true' if router else 'false'
    environ['GITRECEIVE_ROUTER_LISTEN'] = f'{LOOPBACK}:{router}' if router else ''
    builder = DockerImageBuilder(Engine(engine), str(home), lambda: 'bench')
    builder.sweep(frozenset())
    command = [*GITRECEIVE, 'serve', '--listen', f'{LOOPBACK}:{port}']
    try:
        with running(command, place.parent / 'receiver.log', environ, port):
            run(*GITRECEIVE, 'keys', 'add', 'bench', f'{key}.pub', environ=environ)
            yield Ours(home, key, port)
    finally:
        if router:
            end_all(environ)
        builder.sweep(frozenset())
