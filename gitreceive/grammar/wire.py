"""The frames between the daemon and those who ask it: the SSH server, the hooks, the commands on the host.

A Unix stream socket that carries frames both ways: 1 byte kind, 4 bytes length (big endian), the payload. The asker
sends a request (fields joined by NUL, the request's name first) and may send input while the answer lasts; it is gone
when its end of the socket is closed. The daemon answers with output and ends with a status; meanwhile it sends
something at least every three seconds, so that silence means that it does not answer.

The hooks speak the same without this module: they start in 15 ms because they import next to nothing.
"""

import os
import socket
import struct
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

from gitreceive.model.errors import DaemonUnreachable

REQUEST, REQUEST_PART, INPUT, INPUT_END, WINDOW, SIGNAL = b'Q', b'q', b'I', b'E', b'W', b'S'
"""From the asker. A request of more than one frame is parts, then the request; a window is ``ROWSxCOLUMNS``, a signal a
name without ``SIG``."""

SIGNALS = ('HUP', 'INT', 'QUIT', 'ABRT', 'ALRM', 'KILL', 'PIPE', 'TERM', 'USR1', 'USR2')
"""Those of RFC 4254, 6.10, that somebody may send on purpose."""

OUTPUT, ERROR, ALIVE, END = b'O', b'R', b'K', b'X'
"""From the daemon. ``END`` holds the exit status in decimal digits and, after a NUL, a cause if there is one."""

KINDS = frozenset((REQUEST, REQUEST_PART, INPUT, INPUT_END, WINDOW, SIGNAL, OUTPUT, ERROR, ALIVE, END))

MAX_PAYLOAD = 1 << 20
MAX_REQUEST = 16_000_000
"""Bytes: a push of 50,000 refs fits."""

TEMPORARY = 75
"""The status of an answer that says to ask again (EX_TEMPFAIL, sysexits.h)."""

MAX_CAUSE = 200
SILENCE_SECONDS = 10.0
"""A daemon that is silent for so long does not answer."""

BUSY_SECONDS = 0.05

HEADER = struct.Struct('>cI')
NUL = b'\0'


class BrokenFrame(ValueError):
    """What was sent is no frame."""


class Frame(NamedTuple):
    """What is sent at once: a kind, and its payload."""

    kind: bytes
    payload: bytes = b''

    @property
    def packed(self) -> bytes:
        """As it is sent."""
        return HEADER.pack(self.kind, len(self.payload)) + self.payload


class End(NamedTuple):
    """How an answer ends: an exit status, and the cause of a failure on one line."""

    status: int
    cause: str = ''

    @property
    def payload(self) -> bytes:
        """As an END frame carries it."""
        whole = ' '.join(self.cause.split()).encode(errors='replace')
        cause = whole[:MAX_CAUSE].decode(errors='ignore').encode()
        return str(self.status).encode() + (NUL + cause if cause else b'')


class ErrorOutput(bytes):
    """A piece of an answer that goes to the asker's standard error."""


class FrameReader:
    """Takes bytes as they come and gives the frames that are in them. Holds less than a frame."""

    def __init__(self) -> None:
        self._held = bytearray()

    def feed(self, data: bytes) -> list[Frame]:
        """The frames that are whole now. Raises BrokenFrame for an unknown kind or a payload that is too long."""
        self._held += data
        frames: list[Frame] = []
        while frame := self._take():
            frames.append(frame)
        return frames

    def _take(self) -> Frame | None:
        if len(self._held) < HEADER.size:
            return None
        kind, length = HEADER.unpack_from(self._held)
        if kind not in KINDS or length > MAX_PAYLOAD:
            raise BrokenFrame(f'a frame of kind {kind!r} with {length} bytes')
        end = HEADER.size + length
        if len(self._held) < end:
            return None
        payload = bytes(self._held[HEADER.size : end])
        del self._held[:end]
        return Frame(kind, payload)


def request_frames(fields: Sequence[str]) -> Iterator[Frame]:
    """A request as frames."""
    data = NUL.join(field.encode(errors='surrogateescape') for field in fields)
    *parts, last = range(0, max(len(data), 1), MAX_PAYLOAD)
    for start in parts:
        yield Frame(REQUEST_PART, data[start : start + MAX_PAYLOAD])
    yield Frame(REQUEST, data[last:])


def request_fields(data: bytes) -> list[str]:
    """The opposite: the joined payloads of a request's frames as fields."""
    return [field.decode(errors='surrogateescape') for field in data.split(NUL)]


def read_end(payload: bytes) -> End:
    """What an END frame holds; a status that is none counts as 1."""
    status, _, cause = payload.partition(NUL)
    return End(int(status) if status.isdigit() else 1, cause.decode(errors='replace'))


class Answer:
    """The daemon's answer: iterate over its OUTPUT and ERROR frames, then read ``end``. Close it to stop early.

    Whoever waits for other things too polls it and calls ``receive``. ``close`` may be called from any thread.
    """

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._reader = FrameReader()
        self.end: End | None = None

    def __enter__(self) -> 'Answer':
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self._connection.close()

    def __iter__(self) -> Iterator[Frame]:
        """Raises DaemonUnreachable if the daemon is silent or gone before the end."""
        with self:
            while self.end is None:
                yield from self.receive()

    def receive(self) -> list[Frame]:
        """Waits for what comes next: OUTPUT and ERROR frames, or none while the answer lasts. Raises DaemonUnreachable."""
        frames = []
        for frame in self._reader.feed(self._read()):
            if frame.kind == END:
                self.end = read_end(frame.payload)
            elif frame.kind in (OUTPUT, ERROR) and self.end is None:
                frames.append(frame)
        return frames

    @property
    def status(self) -> int:
        """The exit status; -1 before the end."""
        return self.end.status if self.end else -1

    def fileno(self) -> int:
        """The descriptor that poll(2) waits for."""
        return self._connection.fileno()

    def send(self, frame: Frame) -> bool:
        """Sends input, a window's size or a signal. False: the daemon takes no more, and is sent no more."""
        try:
            self._connection.sendall(frame.packed)
            return True
        except OSError:
            self._stop(socket.SHUT_WR)
            return False

    def send_some(self, data: memoryview) -> int:
        """Sends of packed frames what the daemon takes at once, and returns how much that was; all of it if it takes no more."""
        try:
            return os.write(self._connection.fileno(), data)
        except BlockingIOError:
            return 0
        except OSError:
            self._stop(socket.SHUT_WR)
            return len(data)

    def close(self) -> None:
        """Ends the conversation: the daemon sees that its asker has gone."""
        self._stop(socket.SHUT_RDWR)

    def _stop(self, how: int) -> None:
        with suppress(OSError):
            self._connection.shutdown(how)

    def _read(self) -> bytes:
        try:
            data = self._connection.recv(65536)
        except TimeoutError as error:
            raise silent() from error
        except OSError:
            data = b''
        if not data:
            raise DaemonUnreachable('the daemon went away in the middle of its answer; ask again')
        return data


class Outbox:
    """Frames on their way to the daemon, which takes them when its command does; nobody waits for that."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self.waiting = bytearray()

    def add(self, frames: Iterable[Frame]) -> None:
        """The next of them. Add input when nothing is waiting."""
        for frame in frames:
            self.waiting += frame.packed

    def pump(self) -> None:
        """Sends what the daemon takes now."""
        while self.waiting:
            with memoryview(self.waiting) as data:
                count = self._answer.send_some(data)
            if not count:
                return
            del self.waiting[:count]


def silent() -> DaemonUnreachable:
    """What to say of a daemon that has been asked and says nothing."""
    return DaemonUnreachable(
        f'the daemon does not answer (nothing for {SILENCE_SECONDS:g} s); ask again in a moment'
    )


def ask(path: Path, fields: Sequence[str]) -> Answer:
    """Sends one request to the socket at ``path``. Raises DaemonUnreachable if nobody takes it."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.settimeout(SILENCE_SECONDS)
    try:
        _connect(connection, path)
        for frame in request_frames(fields):
            connection.sendall(frame.packed)
    except BrokenPipeError:
        pass  # the daemon has refused the request before all of it was sent: its answer says why
    except OSError as error:
        connection.close()
        raise DaemonUnreachable(
            f'the daemon does not answer on {path}: {error.strerror or error}; is "gitreceive serve" running?'
        ) from error
    return Answer(connection)


def _connect(connection: socket.socket, path: Path) -> None:
    """A daemon with hundreds of connections to accept says EAGAIN (connect(2)): it is asked again."""
    end = time.monotonic() + SILENCE_SECONDS
    while True:
        try:
            connection.connect(str(path))
            return
        except BlockingIOError:
            if time.monotonic() > end:
                raise
            time.sleep(BUSY_SECONDS)
