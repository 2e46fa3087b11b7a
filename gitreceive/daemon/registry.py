"""Serves the images of releases over HTTP. Loaded only where a receiver is told to: it takes memory."""

import errno
import threading

from waitress.server import create_server

from gitreceive.access.book import AccessBook
from gitreceive.api.registry import Registry
from gitreceive.config.home import Home
from gitreceive.config.listening import holder
from gitreceive.config.settings import Settings
from gitreceive.model.access import Actor
from gitreceive.model.errors import AddressInUse, StateError
from gitreceive.run.spec import ATTENDED, START
from gitreceive.slugs.published import BaseImages, PublishedImages
from gitreceive.slugs.retention import Retention

THREADS = 8
CONNECTIONS = 200
IDLE_SECONDS = 60

ENTRYPOINT = ('bash', '-c', ATTENDED, 'gitreceive', START)
"""What an image's command is an argument of: the app's profile is read, and signals reach its processes."""


class TokenReaders:
    """Lets in who has a token; the user name is for people."""

    def __init__(self, book: AccessBook) -> None:
        self._book = book

    def reader(self, user: str, password: str) -> Actor | None:
        """See ``api.ports.Readers``. Raises StateError if the access database cannot be read."""
        grant = self._book.of_token(password)
        return grant.actor if grant else None


class RegistryServer(threading.Thread):
    """Listens at once; serves from ``start`` to ``close``. Raises AddressInUse or StateError if it cannot listen."""

    def __init__(self, settings: Settings, registry: Registry) -> None:
        super().__init__(name='registry', daemon=True)
        listen = settings.registry.listen
        try:
            self._server = create_server(
                registry,
                listen=listen,
                threads=THREADS,
                connection_limit=CONNECTIONS,
                channel_timeout=IDLE_SECONDS,
                ident=None,
                asyncore_use_poll=True,
            )
        except (OSError, ValueError) as error:
            taken = isinstance(error, OSError) and error.errno == errno.EADDRINUSE
            hint = f'{holder(int(listen.rpartition(":")[2]))} listens there' if taken else str(error)
            told = f'cannot listen on {listen}: {hint}; registry.listen takes another address'
            raise (AddressInUse if taken else StateError)(told) from error

    def run(self) -> None:
        """Serves until ``close``."""
        self._server.run()

    def close(self) -> None:
        """Takes no more connections."""
        self._server.close()


def open_registry(settings: Settings, retention: Retention, bases: BaseImages) -> RegistryServer:
    """The registry of the releases whose slugs are kept. Raises AddressInUse or StateError."""
    readers = TokenReaders(AccessBook(Home(settings.home).access_db))
    images = PublishedImages(retention.releases, retention.storage, bases, ENTRYPOINT)
    return RegistryServer(settings, Registry(images, readers))
