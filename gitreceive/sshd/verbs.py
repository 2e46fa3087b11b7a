"""Between a session and the daemon's answer to a verb: output and its end one way, input and Ctrl-C the other."""

import select
import socket
import time

from gitreceive.grammar import wire
from gitreceive.grammar.wire import ERROR, INPUT, INPUT_END, SILENCE_SECONDS, Answer, Frame
from gitreceive.sshd.peer import send_all
from gitreceive.sshd.session import Session

PIECE = 65536

INTERRUPT, END_OF_FILE = b'\x03', b'\x04'
"""What keys send where the client has put its terminal into raw mode (termios(3): VINTR, VEOF)."""

INTERRUPTED = 130


def forward(answer: Answer, session: Session, *, input_wanted: bool) -> int:
    """Returns the exit status. Raises DaemonUnreachable, ConnectionError when the client has gone."""
    session.when_closed(answer.close)
    if not input_wanted and not session.terminal:
        for frame in answer:
            _show(frame, session)
        return answer.status
    ours, feeding = socket.socketpair()
    with ours, answer:
        session.feed.connect(feeding)
        return _converse(answer, session, _Given(ours, wanted=input_wanted, terminal=session.terminal))


def shown(data: bytes, session: Session) -> bytes:
    """Text as the client's terminal takes it: one in raw mode does not return by itself."""
    return data.replace(b'\n', b'\r\n') if session.terminal else data


def _show(frame: Frame, session: Session) -> None:
    send = session.send_error if frame.kind == ERROR else session.send
    send_all(session, send, shown(frame.payload, session))


def _converse(answer: Answer, session: Session, given: '_Given') -> int:
    poll, heard = select.poll(), time.monotonic()
    for each in (answer, given, session.wake_descriptor):
        poll.register(each, select.POLLIN)
    while answer.end is None:
        ready = {number for number, _ in poll.poll(SILENCE_SECONDS * 1000)}
        session.look()
        session.feed.drain()
        if given.fileno() in ready and given.pass_on(answer):
            poll.unregister(given)
        if given.interrupted:
            return INTERRUPTED
        if answer.fileno() in ready:
            heard = time.monotonic()
            for frame in answer.receive():
                _show(frame, session)
        elif time.monotonic() > heard + SILENCE_SECONDS:
            raise wire.silent()
    return answer.status


class _Given:
    """What the client sends: ``wanted`` says whether the verb reads it, ``terminal`` whether keys are typed."""

    def __init__(self, source: socket.socket, *, wanted: bool, terminal: bool) -> None:
        self._source, self._wanted, self._terminal = source, wanted, terminal
        self.interrupted = False

    def fileno(self) -> int:
        """The descriptor that poll(2) waits for."""
        return self._source.fileno()

    def pass_on(self, answer: Answer) -> bool:
        """Sends what has come to the daemon; True if that was all."""
        data = self._source.recv(PIECE)
        ended = not data
        if self._terminal:
            self.interrupted = INTERRUPT in data
            data, end, _ = data.replace(b'\r', b'\n').partition(END_OF_FILE)
            ended = ended or bool(end)
        if self.interrupted:
            answer.close()
        elif self._wanted:
            _send(answer, data, ended)
        return ended


def _send(answer: Answer, data: bytes, ended: bool) -> None:
    if data:
        answer.send(Frame(INPUT, data))
    if ended:
        answer.send(Frame(INPUT_END))
