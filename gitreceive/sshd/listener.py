"""The socket that the SSH server listens on."""

import errno
import socket
import time

from gitreceive.config.listening import holder
from gitreceive.model.errors import AddressInUse, StateError

BACKLOG = 256
GRACE_SECONDS = 3.0
"""How long a server that is about to end may keep the port: its successor may have been started already."""

TICK_SECONDS = 0.05


def listen(host: str, port: int, grace: float = GRACE_SECONDS) -> socket.socket:
    """A socket that listens there and does not block.

    Raises AddressInUse if the address is not free within ``grace`` seconds, StateError for one that this host lacks.
    """
    deadline = time.monotonic() + grace
    while True:
        try:
            return _bound(host, port)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise StateError(
                    f'cannot listen on {joined(host, port)}: {error.strerror} (setting ssh.listen)'
                ) from error
            if time.monotonic() > deadline:
                raise AddressInUse(
                    f'cannot listen on {joined(host, port)}: {holder(port)} listens there; '
                    'stop it, or name another address with --listen or ssh.listen'
                ) from error
        time.sleep(TICK_SECONDS)


def joined(host: str, port: int) -> str:
    """``host:port``, with brackets around an IPv6 address."""
    return f'[{host}]:{port}' if ':' in host else f'{host}:{port}'


def _bound(host: str, port: int) -> socket.socket:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    except UnicodeError as error:
        raise OSError(errno.EINVAL, 'this is no host name') from error
    listener = socket.socket(found[0], socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(found[4])
        listener.listen(BACKLOG)
    except OSError:
        listener.close()
        raise
    listener.setblocking(False)
    return listener
