"""Between a session and the daemon's answer to a verb: output and its end one way, input, signals and windows the other.

Neither way waits for the other: a client that reads nothing can still end its command, and one that sends nothing or too
much still hears it. At most a piece is held each way.
"""

import select
import socket
import time
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress

from gitreceive.grammar import wire
from gitreceive.grammar.wire import ERROR, INPUT, INPUT_END, OUTPUT, SILENCE_SECONDS, Answer, Frame, Outbox
from gitreceive.sshd.peer import send_all
from gitreceive.sshd.session import Session

PIECE = 65536

INTERRUPT, END_OF_FILE = b'\x03', b'\x04'
"""What keys send where the client has put its terminal into raw mode (termios(3): VINTR, VEOF)."""

INTERRUPTED = 130

_Way = Callable[[memoryview], int]
"""To the client's standard output or error: as much as it takes."""


def forward(answer: Answer, session: Session, *, input_wanted: bool) -> int:
    """Returns the exit status. Raises DaemonUnreachable, ConnectionError when the client has gone."""
    session.when_closed(answer.close)
    if not input_wanted and not session.terminal:
        for frame in answer:
            send_all(session, _way(frame, session), frame.payload)
        return answer.status
    ours, feeding = socket.socketpair()
    with ours, answer:
        session.feed.connect(feeding)
        return _converse(answer, session, _Given(ours, session, wanted=input_wanted))


def shown(text: bytes, session: Session) -> bytes:
    """Text as the client's terminal takes it: one in raw mode does not return by itself."""
    return text.replace(b'\n', b'\r\n') if session.terminal else text


def _payload(frame: Frame, session: Session) -> bytes:
    """The output of a command with a terminal of its own is as it has to be."""
    return frame.payload if session.raw and frame.kind == OUTPUT else shown(frame.payload, session)


def _way(frame: Frame, session: Session) -> _Way:
    return session.send_error if frame.kind == ERROR else session.send


def _converse(answer: Answer, session: Session, given: '_Given') -> int:
    outward, inward, heard = _Outward(session), Outbox(answer), time.monotonic()
    while answer.end is None or outward.waiting:
        ready = _wait(answer, session, given, outward, inward)
        if given.fileno() in ready:
            inward.add(given.take())
        session.look()
        if session.closed:
            raise BrokenPipeError('the client has gone')
        inward.add(session.controls.take())
        if given.interrupted:
            return INTERRUPTED
        inward.pump()
        if answer.fileno() in ready and not outward.waiting and answer.end is None:
            outward.add(answer.receive())
            heard = time.monotonic()
        elif outward.waiting:
            heard = time.monotonic()
        elif time.monotonic() > heard + SILENCE_SECONDS:
            raise wire.silent()
        outward.pump()
    return answer.status


def _wait(answer: Answer, session: Session, given: '_Given', outward: '_Outward', inward: Outbox) -> set[int]:
    poll = select.poll()
    poll.register(session.wake_descriptor, select.POLLIN)
    reading, writing = not outward.waiting, bool(inward.waiting)
    if answer.end is None and (reading or writing):
        poll.register(answer, select.POLLIN * reading | select.POLLOUT * writing)
    if not given.ended and not inward.waiting:
        poll.register(given, select.POLLIN)
    found = poll.poll(SILENCE_SECONDS * 1000)
    return {number for number, events in found if events != select.POLLOUT}


class _Outward:
    """What the daemon has sent and the client has not taken yet."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.waiting: deque[tuple[_Way, memoryview]] = deque()

    def add(self, frames: Iterable[Frame]) -> None:
        """The next of it."""
        self.waiting.extend(
            (_way(frame, self._session), memoryview(_payload(frame, self._session)))
            for frame in frames
            if frame.payload
        )

    def pump(self) -> None:
        """Sends what the client takes now."""
        with suppress(TimeoutError):
            while self.waiting:
                send, data = self.waiting.popleft()
                try:
                    data = data[send(data) :]
                finally:
                    if data:
                        self.waiting.appendleft((send, data))


class _Given:
    """What the client sends: ``wanted`` says whether the verb reads it."""

    def __init__(self, source: socket.socket, session: Session, *, wanted: bool) -> None:
        self._source, self._wanted, self._cooked = source, wanted, session.cooked
        self.ended = self.interrupted = False

    def fileno(self) -> int:
        """The descriptor that poll(2) waits for."""
        return self._source.fileno()

    def take(self) -> list[Frame]:
        """What has come, for the daemon."""
        data = self._source.recv(PIECE)
        self.ended = not data
        if self._cooked:
            self.interrupted = INTERRUPT in data
            data, end, _ = data.replace(b'\r', b'\n').partition(END_OF_FILE)
            self.ended = self.ended or bool(end)
        if not self._wanted:
            return []
        return [Frame(INPUT, data)] * bool(data) + [Frame(INPUT_END)] * self.ended
