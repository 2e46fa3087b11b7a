"""The client of a session, as those see it who serve it: whichever way it came in, they know nothing of that."""

import select
import socket
from collections.abc import Callable
from typing import Protocol


class Inlet(Protocol):
    """The client's bytes on their way into a process."""

    def connect(self, target: socket.socket, watch: Callable[[bytes], bool] | None = None) -> None:
        """Where they go, and who sees them before, until it returns False."""

    def drain(self) -> bool:
        """Writes what fits; True if something is left."""

    def close(self) -> None:
        """No more is written."""


class Peer(Protocol):
    """A client. ``send`` and ``send_error`` raise TimeoutError when it has to read first, OSError when it has gone."""

    @property
    def feed(self) -> Inlet:
        """What it sends."""

    @property
    def closed(self) -> bool:
        """Whether it has gone."""

    @property
    def wake_descriptor(self) -> int:
        """Readable when something has happened: it has read, sent or gone."""

    def look(self) -> None:
        """Clears the wake descriptor, and lets the client send more."""

    def send(self, data: memoryview) -> int:
        """To its standard output, as much as it takes."""

    def send_error(self, data: memoryview) -> int:
        """To its standard error."""

    def when_closed(self, action: Callable[[], None]) -> None:
        """Calls ``action`` when it goes, from another thread; at once if it has."""


def send_all(peer: Peer, send: Callable[[memoryview], int], data: bytes) -> None:
    """Sends all of it, waiting for the client to read. Raises OSError when it has gone."""
    left = memoryview(data)
    while left:
        if peer.closed:
            raise BrokenPipeError('the client has gone')
        try:
            left = left[send(left) :]
        except TimeoutError:
            _wait(peer)


def _wait(peer: Peer) -> None:
    poll = select.poll()
    poll.register(peer.wake_descriptor, select.POLLIN)
    poll.poll()
    peer.look()
