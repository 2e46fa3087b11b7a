"""What is said to a running HAProxy through the socket of its master (management.txt, sections 9.3 and 9.4)."""

import os
import re
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from gitreceive.model.errors import RouterError

SOCKET = 'master.sock'
SECONDS = 10.0
PIECE = 1 << 16

CURRENT = '@1'
"""The worker that takes new connections."""


class NotRunning(RouterError):
    """No HAProxy listens on the socket."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Processes:
    """The processes of a running HAProxy: old workers end with the connections that they have.

    ``reloads`` counts those of the master, ``failed`` those that came to nothing.
    """

    master: int
    current: int
    old: tuple[int, ...]
    reloads: int
    failed: int

    @property
    def runs(self) -> tuple[int, int]:
        """How often it was reloaded, and how often it could not be."""
        return self.reloads, self.failed

    @property
    def workers(self) -> Sequence[str]:
        """How each worker is addressed, the current one first."""
        return (CURRENT, *(f'@!{pid}' for pid in self.old))


def processes(folder: Path) -> Processes:
    """Raises NotRunning, or RouterError if there is no worker."""
    return read_processes(ask(folder, '', 'show proc'))


def read_processes(shown: str) -> Processes:
    """From what ``show proc`` prints. Pure. Raises RouterError."""
    rows, section = [], ''
    for line in shown.splitlines():
        section = line if line.startswith('#') else section
        fields = line.replace('[failed:', '').replace(']', '').split()
        if fields and fields[0].isdecimal():
            rows.append((section, fields))
    masters = [fields for _, fields in rows if fields[1] == 'master']
    workers = [fields for section, fields in rows if fields[1] == 'worker' and 'old' not in section]
    old = tuple(int(fields[0]) for section, fields in rows if fields[1] == 'worker' and 'old' in section)
    if not masters or not workers:
        raise RouterError('HAProxy has no worker: see haproxy.log beside its configuration')
    return Processes(
        master=int(masters[0][0]),
        current=int(workers[0][0]),
        old=old,
        reloads=int(masters[0][2]),
        failed=int(masters[0][3]),
    )


def ask(folder: Path, worker: str, command: str, payload: str = '') -> str:
    """What HAProxy answers. ``payload`` has several lines, none of them empty. Raises NotRunning, RouterError."""
    line = f'experimental-mode on; {worker} {command}' if worker else command
    sent = f'{line} <<\n{payload.strip()}\n\n' if payload else f'{line}\n'
    with _connected(folder) as connection:
        try:
            connection.sendall(sent.encode())
            connection.shutdown(socket.SHUT_WR)
            answer = b''.join(iter(lambda: connection.recv(PIECE), b''))
        except TimeoutError as error:
            raise RouterError(f'HAProxy did not answer in {SECONDS:.0f} seconds: {command}') from error
        except OSError as error:
            raise NotRunning(f'HAProxy went away: {error.strerror or error}') from error
    return answer.decode('utf-8', 'replace').strip()


def tell(folder: Path, worker: str, command: str, payload: str = '') -> None:
    """Has a command carried out. Raises NotRunning; RouterError if HAProxy says that it did not."""
    answer = ask(folder, worker, command, payload)
    if answer and not DONE.search(answer):
        raise RouterError(f'HAProxy refused "{command}": {answer}')


DONE = re.compile(
    r'New server registered|Server deleted|New empty certificate store|Transaction (created|updated)|Success!|deleted'
)
"""What answers have in them that tell of no error; most commands are answered with nothing."""


def table(shown: str) -> Sequence[Mapping[str, str]]:
    """The rows of what HAProxy prints below a line of names that begins with ``#``, by those names. Pure."""
    names: list[str] = []
    found = []
    for line in shown.splitlines():
        if line.startswith('#'):
            names = _cells(line.lstrip('# '))
        elif names and line.strip():
            found.append(dict(zip(names, _cells(line), strict=False)))
    return found


def _cells(line: str) -> list[str]:
    return line.split(',') if ',' in line else line.split()


@contextmanager
def _connected(folder: Path) -> Iterator[socket.socket]:
    """The path of a socket is short (unix(7)), that of the home may not be."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(SECONDS)
        try:
            descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
            try:
                connection.connect(f'/proc/self/fd/{descriptor}/{SOCKET}')
            finally:
                os.close(descriptor)
        except OSError as error:
            raise NotRunning(f'no HAProxy listens on {folder / SOCKET}: {error.strerror or error}') from error
        yield connection
