"""The hooks' side of the daemon's socket. Imported by both hooks; imports next to nothing itself.

The frames of gitreceive/grammar/wire.py: 1 byte kind, 4 bytes length (big endian), the payload.
"""

import contextlib
import os
import socket
import time
from collections.abc import Iterable, Iterator

FRAME = 1 << 20
SILENCE = 10.0  # seconds after which a silent daemon does not answer


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
    connection.settimeout(SILENCE)
    data = '\0'.join(fields).encode(errors='surrogateescape')
    with contextlib.suppress(
        BrokenPipeError
    ):  # it was refused before all of it was sent; the answer says why
        for start in range(0, max(len(data), 1), FRAME):
            piece = data[start : start + FRAME]
            kind = b'Q' if start + FRAME >= len(data) else b'q'
            connection.sendall(kind + len(piece).to_bytes(4, 'big') + piece)


def answer(connection: socket.socket) -> Iterator[tuple[bytes, str | None]]:
    """Pieces of text with None, and last an empty one with the status; no status if the answer was cut off."""
    held = b''
    with contextlib.suppress(OSError):
        while chunk := connection.recv(65536):
            held += chunk
            while len(held) >= 5 + (size := int.from_bytes(held[1:5], 'big')):
                kind, text, held = held[:1], held[5 : 5 + size], held[5 + size :]
                if kind == b'X':
                    yield b'', text.partition(b'\0')[0].decode()
                    return
                yield text, None  # empty: the answer is on the way


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
