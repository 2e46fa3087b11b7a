"""The connection to the standard streams of a container (Engine API, "Attach to a container").

Whoever attaches before the container starts misses nothing of what it says, and nothing is kept by the engine.
"""

import contextlib
import socket
from collections.abc import Iterator
from typing import Any

from docker import APIClient
from docker.utils.socket import STDERR, frames_iter

from gitreceive.adapters.docker.engine import Engine


class Attachment:
    """A connection. ``write``, ``end_input`` and ``hang_up`` may be called by other threads than who reads."""

    def __init__(
        self,
        engine: Engine,
        client: APIClient,
        container: str,
        *,
        given: bool = False,
        terminal: bool = False,
    ) -> None:
        self._engine, self._terminal = engine, terminal
        parts = {'stdin': int(given), 'stdout': 1, 'stderr': 1, 'stream': 1}
        with engine.errors('attached to a container'):
            self._stream: Any = client.attach_socket(container, params=parts)
        self._connection: socket.socket = getattr(self._stream, '_sock', self._stream)
        self._connection.settimeout(None)

    def pieces(self) -> Iterator[tuple[bool, bytes]]:
        """What the container prints until it ends, and whether to its error output. Raises EngineGone."""
        frames = frames_iter(self._connection, self._terminal)  # type: ignore[no-untyped-call]
        while True:
            with self._engine.errors('read from a container'):
                stream, data = next(frames, (0, b''))
            if not data:
                return
            yield stream == STDERR, data

    def write(self, data: bytes) -> bool:
        """Gives it input, and waits until it takes it. False if it takes no more."""
        try:
            self._connection.sendall(data)
        except OSError:
            return False
        return True

    def end_input(self) -> None:
        """It has all of its input."""
        with contextlib.suppress(OSError):
            self._connection.shutdown(socket.SHUT_WR)

    def hang_up(self) -> None:
        """Ends the connection; the container goes on. An engine cannot remove one whose words nobody takes in."""
        with contextlib.suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)
        self._stream.close()
