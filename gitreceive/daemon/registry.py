"""Serves the images of releases over HTTP. Loaded only where a receiver is told to: it takes memory."""

import errno
import threading
from typing import Any

from waitress.channel import HTTPChannel
from waitress.server import create_server

from gitreceive.access.book import AccessBook
from gitreceive.api.registry import Registry
from gitreceive.config.home import Home
from gitreceive.config.listening import holder
from gitreceive.config.settings import Settings
from gitreceive.model.access import Actor
from gitreceive.model.errors import AddressInUse, StateError
from gitreceive.run.registry import USER, OwnRegistry
from gitreceive.run.spec import ATTENDED, START
from gitreceive.slugs.published import BaseImages, PublishedImages, PublishedStacks
from gitreceive.slugs.retention import Retention
from gitreceive.stack import stack_names

THREADS = 8
CONNECTIONS = 200
IDLE_SECONDS = 60
TLS_HANDSHAKE = b'\x16\x03'
"""What the first record begins with (RFC 8446, 5.1)."""

LOOPBACK = '127.0.0.1:0'

ENTRYPOINT = ('bash', '-c', ATTENDED, 'gitreceive', START)
"""What an image's command is an argument of: the app's profile is read, and signals reach its processes."""


class PlainChannel(HTTPChannel):
    """A connection that ends at once if the client tries TLS.

    Engines do that first, also on the loopback where they take plain HTTP; without an end of it they wait for ten
    seconds (Go, net/http, TLSHandshakeTimeout) for each image.
    """

    def received(self, data: bytes) -> bool:
        """See ``HTTPChannel``."""
        if self.request is None and data.startswith(TLS_HANDSHAKE):
            self.handle_close()
            return False
        return bool(super().received(data))


class TokenReaders:
    """Lets in who has a token, and the engine of this receiver; the user name is for people."""

    def __init__(self, book: AccessBook, own: OwnRegistry) -> None:
        self._book, self._own = book, own

    def reader(self, user: str, password: str) -> Actor | None:
        """See ``api.ports.Readers``. Raises StateError if the access database cannot be read."""
        if self._own.opened_by(password):
            return Actor(name=USER)
        grant = self._book.of_token(password)
        return grant.actor if grant else None


class RegistryServer(threading.Thread):
    """Listens at once; serves from ``start`` to ``close``. Raises AddressInUse or StateError if it cannot listen.

    Beside the address that the settings name it listens on one of the loopback, for the engine of this receiver.
    """

    def __init__(self, listen: str, registry: Registry) -> None:
        super().__init__(name='registry', daemon=True)
        sockets: dict[int, Any] = {}
        try:
            self._server = create_server(
                registry,
                map=sockets,
                listen=f'{listen} {LOOPBACK}'.strip(),
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
        for listening in sockets.values():
            listening.channel_class = PlainChannel

    @property
    def own_address(self) -> str:
        """Where the engine of this receiver reaches it: on the loopback, where engines take plain HTTP."""
        server: Any = self._server  # of one socket or of several, which tell it each in a way of its own
        several = getattr(server, 'effective_listen', None)
        host, port = several[-1] if several else (server.effective_host, server.effective_port)
        return f'{host}:{port}'

    def run(self) -> None:
        """Serves until ``close``."""
        self._server.run()

    def close(self) -> None:
        """Takes no more connections."""
        self._server.close()


def open_registry(
    settings: Settings, retention: Retention, bases: BaseImages, own: OwnRegistry
) -> RegistryServer:
    """The registry of the releases whose slugs are kept. Raises AddressInUse or StateError."""
    readers = TokenReaders(AccessBook(Home(settings.home).access_db), own)
    images = PublishedImages(retention.releases, retention.storage, bases, ENTRYPOINT)
    stacks = PublishedStacks(bases, stack_names())
    server = RegistryServer(settings.registry.listen, Registry(images, readers, stacks))
    own.listening(server.own_address)
    return server
