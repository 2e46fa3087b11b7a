"""A neighbour of the engine's host in a network namespace, with addresses of every kind, and somebody who listens."""

import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tests.waiting import wait_until

PORT = 7777
PRIVATE, METADATA, PUBLIC = '10.213.77.2', '169.254.169.254', '203.0.113.77'
HOST_SIDE = '10.213.77.1'
NAMESPACE, LINK = 'grwalled', 'grwalled0'

LISTEN = (
    'import socket\n'
    f'listening = socket.create_server(("0.0.0.0", {PORT}))\n'
    'while True:\n'
    '    connection, _ = listening.accept()\n'
    '    connection.sendall(b"here")\n'
    '    connection.close()\n'
)
"""Whoever connects is told."""

can_make = shutil.which('ip') is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbour:
    """Its addresses, each with a listener on ``PORT``; ``host`` is the address of this host in its network."""

    private: str = PRIVATE
    metadata: str = METADATA
    public: str = PUBLIC
    host: str = HOST_SIDE


@contextmanager
def neighbour() -> Iterator[Neighbour]:
    """Makes it; only root can."""
    forget()
    ip('netns', 'add', NAMESPACE)
    try:
        ip('link', 'add', LINK, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', NAMESPACE)
        ip('addr', 'add', f'{HOST_SIDE}/24', 'dev', LINK)
        ip('link', 'set', LINK, 'up')
        for address in (f'{PRIVATE}/24', f'{METADATA}/32', f'{PUBLIC}/32'):
            ip('-n', NAMESPACE, 'addr', 'add', address, 'dev', 'eth0')
        for device in ('lo', 'eth0'):
            ip('-n', NAMESPACE, 'link', 'set', device, 'up')
        ip('-n', NAMESPACE, 'route', 'add', 'default', 'via', HOST_SIDE)
        for address in (METADATA, PUBLIC):
            ip('route', 'replace', f'{address}/32', 'via', PRIVATE)
        with listening('ip', 'netns', 'exec', NAMESPACE), listening():
            yield Neighbour()
    finally:
        forget()


@contextmanager
def listening(*within: str) -> Iterator[None]:
    """Somebody who listens, on this host or ``within`` a namespace."""
    process = subprocess.Popen([*within, sys.executable, '-I', '-c', LISTEN])
    address = PRIVATE if within else HOST_SIDE
    try:
        wait_until(lambda: reached(address), 30, f'a listener on {address}')
        yield
    finally:
        process.kill()
        process.wait()


def reached(address: str) -> bool:
    """Whether this host reaches a listener there."""
    try:
        with socket.create_connection((address, PORT), timeout=5) as connection:
            return connection.recv(10) == b'here'
    except OSError:
        return False


def forget() -> None:
    subprocess.run(['ip', 'netns', 'delete', NAMESPACE], capture_output=True, check=False)
    subprocess.run(['ip', 'link', 'delete', LINK], capture_output=True, check=False)


def ip(*words: str) -> None:
    subprocess.run(['ip', *words], check=True)
