"""Where the processes of a container listen, and what to tell of a web process that does not answer on its port."""

import ipaddress
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from gitreceive.run.spec import PORT

TABLES = ('/proc/net/tcp', '/proc/net/tcp6')
"""The sockets of a network namespace, proc(5): addresses are hexadecimal, each 32-bit word in the host's byte order."""

LISTENS = '0A'
ENGINES_OWN = ipaddress.ip_address('127.0.0.11')
"""Docker's name server, which is in the container's namespace."""


class Listener(NamedTuple):
    """An address and the port on it."""

    address: ipaddress.IPv4Address | ipaddress.IPv6Address
    port: int

    def __str__(self) -> str:
        host = f'[{self.address}]' if self.address.version == 6 else f'{self.address}'
        return f'{host}:{self.port}'


def listeners(tables: str) -> Sequence[Listener]:
    """What listens, by the text of ``TABLES``; lines that are none are passed over. Pure."""
    return tuple(sorted(set(_listeners(tables)), key=lambda one: (one.port, str(one))))


def unanswered(tables: str) -> str:
    """Why nobody answers on ``$PORT``, and what to change; empty if there is nothing to say. Pure."""
    found = listeners(tables)
    if not found:
        return 'it does not listen on any port; a web process has to listen on 0.0.0.0 and the port in $PORT'
    here = [one for one in found if one.port == PORT]
    if here and all(one.address.is_loopback for one in here):
        return (
            f'it listens on {here[0]}, which nobody outside its container reaches; let it listen on 0.0.0.0'
        )
    if here and all(one.address.version == 6 for one in here):
        return f'it listens on {here[0]}, for IPv6 alone; let it listen on 0.0.0.0, or on both'
    if not here:
        places = ', '.join(map(str, found))
        return f'it listens on {places} and $PORT is {PORT}; let it take the port from the environment'
    return ''


def _listeners(tables: str) -> Iterator[Listener]:
    for line in tables.splitlines():
        fields = line.split()
        if len(fields) < 4 or fields[3] != LISTENS:
            continue
        address, _, port = fields[1].partition(':')
        try:
            words = bytes.fromhex(address)
            packed = b''.join(words[at : at + 4][::-1] for at in range(0, len(words), 4))
            found = Listener(ipaddress.ip_address(packed), int(port, 16))
        except ValueError:
            continue
        if found.address != ENGINES_OWN:
            yield found
