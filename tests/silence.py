"""A port that takes no connection, as behind a firewall that drops packets."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager


@contextmanager
def silent_port(address: str = '127.0.0.1') -> Iterator[int]:
    """What waits to be accepted is full, so that the kernel drops what comes then."""
    with ExitStack() as held:
        server = held.enter_context(closing(socket.socket()))
        server.bind((address, 0))
        server.listen(0)
        for _ in range(3):
            waiting = held.enter_context(closing(socket.socket()))
            waiting.setblocking(False)
            waiting.connect_ex(server.getsockname())
        yield server.getsockname()[1]
