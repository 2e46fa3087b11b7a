"""The SSH server in this process, for one registered key."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from gitreceive.access.book import AccessBook
from gitreceive.access.publickeys import read_public_keys
from gitreceive.config.home import Home
from gitreceive.config.settings import Settings, SshSettings
from gitreceive.sshd.limits import ServerLimits
from gitreceive.sshd.log import Log
from gitreceive.sshd.server import SshServer, quiet_paramiko


@dataclass(frozen=True, slots=True)
class Serving:
    """A server that runs, and its log."""

    server: SshServer
    log: Path
    thread: threading.Thread

    @property
    def port(self) -> int:
        return self.server.address[1]

    def logged(self, *words: str) -> bool:
        """Whether a line of the log has all these words."""
        return any(all(word in line for word in words) for line in self.log.read_text().splitlines())


@contextmanager
def serving(folder: Path, key: Path, limits: ServerLimits, lifeline: int | None = None) -> Iterator[Serving]:
    """A server with a home below ``folder``, where ``ann`` may reach the app hello; ended with the context."""
    quiet_paramiko()
    settings = Settings(home=folder / 'home', ssh=SshSettings(listen='127.0.0.1:0'))
    book = AccessBook(Home(settings.home).access_db)
    public = key.with_name(f'{key.name}.pub')
    book.add('ann', read_public_keys(public.read_bytes(), str(public)), frozenset({'hello'}))
    with open(folder / 'log', 'wb') as log:
        server = SshServer(settings, limits=limits, log=Log(log.fileno()))
        thread = threading.Thread(target=server.run, args=(lifeline,))
        thread.start()
        try:
            yield Serving(server, folder / 'log', thread)
        finally:
            server.stop()
            thread.join(30)
    assert not thread.is_alive()
