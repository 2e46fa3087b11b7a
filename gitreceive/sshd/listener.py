"""The socket that the SSH server listens on; and who has it, if somebody else does."""

import errno
import os
import socket
import time
from contextlib import suppress
from pathlib import Path

from gitreceive.model.errors import AddressInUse, StateError

BACKLOG = 256
GRACE_SECONDS = 3.0
"""How long a server that is about to end may keep the port: its successor may have been started already."""

TICK_SECONDS = 0.05
LISTEN = '0A'
"""TCP_LISTEN in /proc/net/tcp (proc(5))."""


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


def holder(port: int) -> str:
    """Who listens on a TCP port, as far as this user may see: ``process 123 (sshd)``, else ``another server``."""
    wanted = {f'socket:[{inode}]' for inode in _listening(port)}
    for process in Path('/proc').iterdir():
        if process.name.isdecimal():
            with suppress(OSError):
                if any(os.readlink(file) in wanted for file in (process / 'fd').iterdir()):
                    return f'process {process.name} ({(process / "comm").read_text().strip()})'
    return 'another server'


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


def _listening(port: int) -> set[str]:
    inodes = set()
    for table in ('/proc/net/tcp', '/proc/net/tcp6'):
        with suppress(OSError):
            for line in Path(table).read_text().splitlines()[1:]:
                fields = line.split()
                if fields[3] == LISTEN and int(fields[1].rpartition(':')[2], 16) == port:
                    inodes.add(fields[9])
    return inodes
