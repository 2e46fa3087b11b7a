"""What verbs answer that have an operation carried out: its log, one line, or one JSON document."""

from collections.abc import Generator, Iterator
from typing import Any

from gitreceive.daemon import render
from gitreceive.daemon.follow import read_log
from gitreceive.daemon.socket import Answering
from gitreceive.daemon.verbs.parts import Parts
from gitreceive.daemon.verdict import exit_status, summary
from gitreceive.grammar.parsing import Invocation
from gitreceive.grammar.wire import End, ErrorOutput
from gitreceive.model.operation import Operation, OperationState
from gitreceive.model.release import Release, ReleaseState

AWAY = b' !     The daemon is not running; this goes on once it is back\n'

CAME_UP = (ReleaseState.LIVE, ReleaseState.REPLACED)


def carry_out(parts: Parts, operation: Operation, asked: Invocation, doing: str = '') -> str | Answering:
    """An operation that was submitted: only named where it is to be detached, else to its end.

    ``doing`` is what one line says of it (``Restarting hello``), which ends with "done"; if it fails, its log follows.
    Without that the log is all of the answer.
    """
    if asked.values.get('detach'):
        queued = render.as_json(summary(operation, None))
        return queued if asked.values.get('json') else render.lines(f'{operation.title} is queued')
    if asked.values.get('json'):
        return _as_json(parts, operation)
    return _in_one_line(parts, operation, doing) if doing else parts.followed(operation.number)


def _as_json(parts: Parts, operation: Operation) -> Answering:
    ended = yield from _end_of(parts, operation)
    if ended is None:
        return End(1)
    yield render.as_json({**summary(ended, _release(parts, ended)), 'cause': ended.cause}).encode()
    return End(exit_status(ended))


def _in_one_line(parts: Parts, operation: Operation, doing: str) -> Answering:
    yield f'{doing}... '.encode()
    ended = yield from _end_of(parts, operation)
    if ended is None:
        return End(1)
    if ended.state is OperationState.SUCCEEDED:
        release = _release(parts, ended)
        yield render.lines(f'done, v{release.version}' if release else 'done').encode()
        return End(0)
    yield render.lines(ended.state.value).encode()
    yield from _whole_log(parts, ended)
    return End(exit_status(ended))


def _whole_log(parts: Parts, ended: Operation) -> Iterator[bytes]:
    for piece in (*read_log(parts.home, ended.number), parts.follower.closing(ended)):
        yield ErrorOutput(piece)


def _end_of(parts: Parts, operation: Operation) -> Generator[bytes, Any, Operation | None]:
    """The operation as it has ended; None if the daemon ends before it."""
    for piece in parts.follower.follow(operation.number):
        if isinstance(piece, Operation):
            return piece
        yield b''
    yield ErrorOutput(AWAY)
    return None


def _release(parts: Parts, ended: Operation) -> Release | None:
    made = parts.journal.releases.made_by(ended.number)
    return made if made and made.state in CAME_UP else None
