"""Who listens on a port of this host, for the one who comes second."""

import ipaddress
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

LISTEN = '0A'
"""TCP_LISTEN in /proc/net/tcp (proc(5))."""


def holder(port: int) -> str:
    """Who listens on a TCP port, as far as this user may see: ``process 123 (sshd)``, else ``another server``."""
    wanted = {f'socket:[{inode}]' for inode in _listening(port)}
    for process in Path('/proc').iterdir():
        if process.name.isdecimal():
            with suppress(OSError):
                if any(os.readlink(file) in wanted for file in (process / 'fd').iterdir()):
                    return f'process {process.name} ({(process / "comm").read_text().strip()})'
    return 'another server'


def public_ports(addresses: Sequence[str]) -> Sequence[int]:
    """The ports of addresses, each ``host:port`` or empty, at which others than this host are answered. Pure."""
    found = [address.rpartition(':') for address in addresses if address]
    return [int(port) for host, _, port in found if not _is_loopback(host.strip('[]'))]


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == 'localhost'


def _listening(port: int) -> set[str]:
    inodes = set()
    for table in ('/proc/net/tcp', '/proc/net/tcp6'):
        with suppress(OSError):
            for line in Path(table).read_text().splitlines()[1:]:
                fields = line.split()
                if fields[3] == LISTEN and int(fields[1].rpartition(':')[2], 16) == port:
                    inodes.add(fields[9])
    return inodes
