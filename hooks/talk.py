"""The hooks' side of the builder's socket. Imported by both hooks; imports next to nothing itself."""

import contextlib
import os
import socket
import time
from collections.abc import Iterable, Iterator


def arrival(lines: Iterable[str]) -> list[str]:
    """The fields that describe a push: app, user, key, number of push options, options, ref updates."""
    environ = os.environ
    count = int(environ.get('GIT_PUSH_OPTION_COUNT', '0'))
    options = [environ[f'GIT_PUSH_OPTION_{number}'] for number in range(count)]
    who = [environ.get(f'GITRECEIVE_{name}', '') for name in ('APP', 'USER', 'KEY')]
    return [*who, str(count), *options, *(line.rstrip('\n') for line in lines)]


@contextlib.contextmanager
def connected(end: float) -> Iterator[socket.socket | None]:
    """A connection to the builder, tried until the monotonic time ``end``; None if nobody answers."""
    connection = socket.socket(socket.AF_UNIX)
    try:
        while connection.connect_ex(os.environ['GITRECEIVE_SOCKET']):
            if time.monotonic() > end:
                yield None
                return
            time.sleep(0.05)
        yield connection
    finally:
        connection.close()


def send(connection: socket.socket, fields: Iterable[str]) -> None:
    """Sends a request."""
    connection.sendall('\0'.join(fields).encode(errors='surrogateescape'))
    connection.shutdown(socket.SHUT_WR)


def answer(connection: socket.socket) -> Iterator[tuple[bytes, str | None]]:
    """Pieces of text with None, and last an empty one with the status; no status if the answer was cut off."""
    with contextlib.suppress(OSError):
        while chunk := connection.recv(65536):
            text, ended, rest = chunk.partition(b'\0')
            if text:
                yield text, None
            if ended:
                while chunk := connection.recv(100):
                    rest += chunk
                yield b'', rest.decode()
                return


def ask_whole(fields: Iterable[str], patience: float) -> tuple[str | None, bytes]:
    """The status (None: nobody answered) and the whole text of a short answer."""
    with connected(time.monotonic() + patience) as connection:
        if connection is None:
            return None, b''
        send(connection, fields)
        pieces = list(answer(connection))
        return pieces[-1][1] if pieces else None, b''.join(text for text, _ in pieces)


def show(text: bytes) -> None:
    """Prints to the pusher; ends the hook, not the build, when nobody listens any more."""
    try:
        while text:
            text = text[os.write(1, text) :]
    except OSError:
        os._exit(1)
