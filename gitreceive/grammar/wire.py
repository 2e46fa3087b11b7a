"""The words between the builder and those who ask it: the door, the hooks, the commands on the host.

A Unix stream socket. The asker sends its fields joined by NUL bytes and shuts down its writing side; the answer is
raw text up to a NUL byte, after which stand the exit status in decimal digits (``follow N`` for an accepted push:
ask for build N's log next) and the end of the stream. An answer without the NUL byte was cut off.

The hooks speak the same words without this module: they start in 15 ms because they import next to nothing.
"""

import socket
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

from gitreceive.model.errors import DaemonUnreachable

MAX_REQUEST = 8_000_000
"""Bytes: a push of 50,000 refs fits."""
END = b'\0'


class Answer:
    """A builder's answer: iterate over the text, then read ``status``. Close it to stop early."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._tail = b''
        self.status = -1

    def __iter__(self) -> Iterator[bytes]:
        with closing(self._connection):
            while chunk := self._connection.recv(65536):
                text, end, rest = chunk.partition(END)
                if text:
                    yield text
                if end:
                    self._finish(rest)
                    return
        raise DaemonUnreachable('the builder went away in the middle of its answer; ask again')

    def fileno(self) -> int:
        """For select and poll."""
        return self._connection.fileno()

    def close(self) -> None:
        """Ends the conversation, from any thread."""
        try:
            self._connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def _finish(self, rest: bytes) -> None:
        while chunk := self._connection.recv(100):
            rest += chunk
        self.status = int(rest) if rest.isdigit() else 1


def ask(path: Path, fields: Sequence[str]) -> Answer:
    """Sends one request. Raises DaemonUnreachable if nobody listens."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.connect(str(path))
        connection.sendall(END.join(field.encode(errors='surrogateescape') for field in fields))
        connection.shutdown(socket.SHUT_WR)
    except OSError as error:
        connection.close()
        raise DaemonUnreachable(
            f'the builder does not answer on {path}: {error.strerror}; is "gitreceive serve" running?'
        ) from error
    return Answer(connection)
