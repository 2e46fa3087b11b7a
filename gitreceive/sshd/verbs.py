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
        return _converse(answer, session, ours)


def shown(data: bytes, session: Session) -> bytes:
    """Text as the client's terminal takes it: one in raw mode does not return by itself."""
    return data.replace(b'\n', b'\r\n') if session.terminal else data


def _show(frame: Frame, session: Session) -> None:
    send = session.send_error if frame.kind == ERROR else session.send
    send_all(session, send, shown(frame.payload, session))


def _converse(answer: Answer, session: Session, given: socket.socket) -> int:
    poll, heard = select.poll(), time.monotonic()
    for each in (answer, given, session.wake_descriptor):
        poll.register(each, select.POLLIN)
    while answer.end is None:
        ready = {number for number, _ in poll.poll(SILENCE_SECONDS * 1000)}
        session.look()
        session.feed.drain()
        if given.fileno() in ready and (left := _pass_on(given.recv(PIECE), answer, session)) is not None:
            poll.unregister(given)
            if left:
                return left
        if answer.fileno() in ready:
            heard = time.monotonic()
            for frame in answer.receive():
                _show(frame, session)
        elif time.monotonic() > heard + SILENCE_SECONDS:
            raise wire.silent()
    return answer.status


def _pass_on(data: bytes, answer: Answer, session: Session) -> int | None:
    """Sends input to the daemon. None: there may be more; 0: that was all; a status: the user has interrupted it."""
    if session.terminal and INTERRUPT in data:
        answer.close()
        return INTERRUPTED
    ended = not data
    if session.terminal:
        data, end, _ = data.replace(b'\r', b'\n').partition(END_OF_FILE)
        ended = ended or bool(end)
    if data:
        answer.send(Frame(INPUT, data))
    if ended:
        answer.send(Frame(INPUT_END))
    return 0 if ended else None
