"""The hooks' side of what they say to others: to the pusher, to the daemon, to whoever has started git.

Imported by both hooks; imports next to nothing itself, to start in 15 ms. The frames are those of
gitreceive/grammar/wire.py: 1 byte kind, 4 bytes length (big endian), the payload. The entries of the verdict pipe are
described in gitreceive/sshd/verdictpipe.py.
"""

import contextlib
import os
import re
import socket
import time
from collections.abc import Iterable, Iterator

FRAME = 1 << 20
SILENCE = 10.0  # seconds after which a silent daemon does not answer
PAUSE = 0.1  # between two tries to reach a daemon that is not there
BUSY_PAUSE = 1.0  # and when it is there and can take no more
TEMPORARY = '75'  # the status of an answer that says to ask again (EX_TEMPFAIL, sysexits.h)
MAX_OPTIONS, MAX_OPTION_BYTES = 100, 16384
UPDATE = re.compile('[0-9a-f]{40} [0-9a-f]{40} .+')


class Unreadable(Exception):
    """What git hands over is no push that can be taken; the text is for the pusher."""


class End:
    """How the daemon's answer ended: an exit status, and the cause of a failure on one line."""

    def __init__(self, status: int, cause: str) -> None:
        self.status, self.cause = status, cause


class Push:
    """What git hands to a hook: push options, and lines ``old new ref``."""

    def __init__(self, options: list[str], updates: list[str]) -> None:
        self.options, self.updates = options, updates

    def request(self, name: str, told: int) -> list[str]:
        """The fields of a request of that name; ``told`` bytes of its answer are known already."""
        who = [os.environ.get(f'GITRECEIVE_{word}', '') for word in ('APP', 'KEY', 'SESSION')]
        return [name, *who, str(told), str(len(self.options)), *self.options, *self.updates]


def read_push() -> Push:
    """The push that the environment and standard input describe. Raises Unreadable.

    go-git sends each option as ``NAME=VALUE``: ``plan=`` is ``plan``.
    """
    count = int(os.environ.get('GIT_PUSH_OPTION_COUNT') or 0)
    names = [f'GIT_PUSH_OPTION_{number}' for number in range(min(count, MAX_OPTIONS + 1))]
    options = [os.environ.get(name, '').removesuffix('=') for name in names]
    if count > MAX_OPTIONS or sum(map(len, options)) > MAX_OPTION_BYTES:
        raise Unreadable(
            f'too many push options: at most {MAX_OPTIONS} of {MAX_OPTION_BYTES} bytes in all are taken'
        )
    with open(0, encoding='utf-8', errors='surrogateescape', newline='\n', closefd=False) as lines:
        updates = [line.removesuffix('\n') for line in lines]
    for update in updates:
        if not UPDATE.fullmatch(update):
            raise Unreadable('invalid ref name: it has a line feed in it')
    return Push(options, updates)


def ask(name: str, push: Push, seconds: float) -> End | None:
    """Shows the daemon's answer as it comes; None if it does not answer.

    A daemon that goes away has that many ``seconds`` to come back; then the answer goes on where it was.
    """
    told, end = 0, time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            for kind, payload in answer(push.request(name, told)):
                if kind == b'X':
                    status, _, cause = payload.decode(errors='replace').partition('\0')
                    if status != TEMPORARY:
                        return End(int(status) if status.isdigit() else 1, cause)
                    time.sleep(BUSY_PAUSE)
                else:
                    end = time.monotonic() + seconds
                if kind in (b'O', b'R'):
                    told += len(payload)
                    show(payload)
        except TimeoutError:
            return None
        except OSError:
            pass
        time.sleep(PAUSE)
    return None


def answer(fields: Iterable[str]) -> Iterator[tuple[bytes, bytes]]:
    """The frames of an answer, up to its end or until it breaks off. Raises OSError, TimeoutError for silence."""
    with contextlib.closing(socket.socket(socket.AF_UNIX)) as connection:
        connection.settimeout(SILENCE)
        connection.connect(os.environ['GITRECEIVE_SOCKET'])
        send(connection, fields)
        held = b''
        while chunk := connection.recv(65536):
            held += chunk
            while len(held) >= 5 + (size := int.from_bytes(held[1:5], 'big')):
                kind, payload, held = held[:1], held[5 : 5 + size], held[5 + size :]
                yield kind, payload
                if kind == b'X':
                    return


def send(connection: socket.socket, fields: Iterable[str]) -> None:
    """Sends a request. If it is refused before all of it was sent, the answer says why."""
    data = '\0'.join(fields).encode(errors='surrogateescape')
    with contextlib.suppress(BrokenPipeError):
        for start in range(0, max(len(data), 1), FRAME):
            piece = data[start : start + FRAME]
            kind = b'Q' if start + FRAME >= len(data) else b'q'
            connection.sendall(kind + len(piece).to_bytes(4, 'big') + piece)


def show(text: bytes) -> None:
    """Prints to the pusher; ends the hook, not the operation, when nobody listens."""
    try:
        while text:
            text = text[os.write(1, text) :]
    except OSError:
        os._exit(1)


def complain(text: str) -> None:
    """Prints what is wrong."""
    show(f' !     {text}\n'.encode(errors='backslashreplace'))


def leave(status: str, cause: str = '', ref: str = '') -> None:
    """Leaves an entry in the verdict pipe: one line of less than 300 bytes, written at once."""
    flat = ' '.join(cause.split()).encode(errors='replace')
    if len(flat) > 200:
        flat = flat[:197].decode(errors='ignore').encode() + b'...'
    if not ref:
        entry = b'%b\t%b\n' % (status.encode(), flat)
    else:
        entry = b'%b\t\t%b\n' % (status.encode(), ref.encode(errors='replace')[:250])
    with contextlib.suppress(OSError, ValueError, KeyError):
        os.write(int(os.environ['GITRECEIVE_VERDICT']), entry)
