"""Those who follow an operation see all of its log and its verdict, and cost nothing while there is nothing new."""

import json
import threading
from collections.abc import Iterator

import pytest

from gitreceive.config.settings import Limits
from gitreceive.daemon.follow import missing_log
from gitreceive.daemon.log import OperationLog
from gitreceive.model.operation import Operation, OperationState, Rollback
from gitreceive.model.text import CUT, MAX_LINE
from tests.receiver_home import ANN, HELLO, ReceiverHome


def running(here: ReceiverHome) -> Operation:
    here.queue.submit(HELLO, here.update(here.commit()), ANN)
    operation = here.journal.operations.claim(retries=False)
    assert operation
    return operation


def text(pieces: Iterator[bytes | Operation]) -> str:
    return b''.join(piece for piece in pieces if isinstance(piece, bytes)).decode()


def verdict(here: ReceiverHome, number: int) -> tuple[list[str], dict[str, object]]:
    """The lines for people, and the line for machines."""
    *lines, last = text(here.follower.follow(number, 0)).splitlines()
    return [line for line in lines if line], json.loads(last)


def test_a_follower_is_woken_by_each_line_and_by_the_end(here: ReceiverHome) -> None:
    operation = running(here)
    pieces = (piece for piece in here.follower.follow(operation.number, 0) if piece)
    with here.logs.open(operation.number) as console:
        for line in ('one', 'two'):
            threading.Timer(0.05, console.detail, [line]).start()
            assert next(pieces) == f'       {line}\n'.encode()
    here.record(operation)
    here.queue.forget(operation.number)
    *_, last = pieces
    assert isinstance(last, Operation) and last.state is OperationState.SUCCEEDED


def test_a_follower_lets_go_when_the_daemon_ends(here: ReceiverHome) -> None:
    operation = running(here)
    pieces = here.follower.follow(operation.number, 0)
    threading.Timer(0.05, here.queue.close).start()
    assert text(pieces) == ''


def test_what_was_dropped_or_never_was_is_not_followed(
    here: ReceiverHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr('gitreceive.daemon.follow.LOOK_SECONDS', 0.05)
    assert list(here.follower.follow(77, 0)) == []
    announced = here.journal.operations.announce(HELLO, here.update(here.commit()), ANN)
    pieces = here.follower.follow(announced.number, 0)
    assert next(pieces) == b''
    here.journal.operations.drop(announced.number)
    here.queue.ring()
    assert text(pieces) == ''


def test_a_log_is_read_on_from_where_it_was_left(here: ReceiverHome) -> None:
    operation = running(here)
    with here.logs.open(operation.number) as console:
        console.detail('one')
        console.detail('two')
    assert next(here.follower.follow(operation.number, len('       one\n'))) == b'       two\n'


def test_a_release_is_told_when_the_worker_is_done_with_the_deploy_branch(
    here: ReceiverHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr('gitreceive.daemon.follow.LOOK_SECONDS', 0.05)
    here.queue.submit(HELLO, here.update(here.commit()), ANN)
    taken = here.queue.take(builds=True)
    assert taken
    here.record(taken.operation)
    pieces = here.follower.follow(taken.operation.number, 0)
    assert next(pieces) == b'', 'it waits'
    here.queue.forget(taken.operation.number)
    assert 'v1 stored in' in text(pieces)


def test_seconds_are_those_of_the_work(here: ReceiverHome) -> None:
    operation = running(here)
    here.record(operation)
    lines, record = verdict(here, operation.number)
    assert lines == [
        f'       v1 stored in memory:/hello/{operation.commit}{"0" * 24}.tgz',
    ]
    assert record['seconds'] == 1.25
    assert record['queued_seconds'] == round((operation.started or 0) - operation.created, 2)


def test_a_rollback_that_failed_is_called_a_rollback(here: ReceiverHome) -> None:
    release = here.record(running(here))
    operation = here.queue.submit(HELLO, Rollback(version=1, commit=release.commit), ANN)
    here.journal.operations.finish(operation.number, OperationState.FAILED, 'its slug was pruned')
    lines, record = verdict(here, operation.number)
    assert lines[0] == ' !     Rollback to v1 failed: its slug was pruned'
    assert lines[2] == f' !     hello still runs v1 ({release.commit[:7]})'
    assert (record['status'], record['seconds']) == ('failed', 0.0)


def test_the_log_of_an_old_failure_says_what_was_live_then(here: ReceiverHome) -> None:
    failed = running(here)
    here.journal.operations.finish(failed.number, OperationState.FAILED, 'no')
    first = here.record(running(here))
    assert verdict(here, failed.number)[0][-1].startswith(' !     hello has no release yet')
    again = running(here)
    here.journal.operations.finish(again.number, OperationState.FAILED, 'no')
    here.record(running(here))
    told = verdict(here, again.number)[0][-1]
    assert told == f' !     hello still runs v1 ({first.commit[:7]}); main was set back to it'


def test_a_log_that_was_not_restored_is_missed(here: ReceiverHome) -> None:
    operation = running(here)
    said = missing_log(operation, here.home).decode()
    assert f'{here.home.log(operation.number)} is missing' in said
    with here.logs.open(operation.number) as console:
        console.detail('here')
    assert missing_log(operation, here.home) == b''


def test_a_cancelled_operation_is_waited_for(here: ReceiverHome) -> None:
    operation = running(here)
    assert not here.follower.finished(operation.number, 0.05).state.final

    def end() -> None:
        here.journal.operations.finish(operation.number, OperationState.CANCELLED, 'by ann')
        here.queue.ring()

    threading.Timer(0.05, end).start()
    assert here.follower.finished(operation.number).state is OperationState.CANCELLED


def test_a_line_that_is_too_long_says_that_it_was_cut(here: ReceiverHome) -> None:
    operation = running(here)
    with here.logs.open(operation.number) as console:
        console.detail('x' * (MAX_LINE + 1))
        console.detail('y' * MAX_LINE)
    said = here.log(operation).replace('\n       ', '')
    assert said.count('x') == MAX_LINE and said.count('y') == MAX_LINE
    assert said.count(CUT.strip()) == 1


def test_a_log_ends_at_its_limit_and_says_so(here: ReceiverHome) -> None:
    path = here.home.log(7)
    with OperationLog(path, Limits().log_bytes) as console:
        console.detail('one')
    with OperationLog(path, 20) as console:
        console.detail('two')
        console.detail('three')
    assert path.read_text().splitlines()[1:] == [
        ' !     The log has reached its limit; the build goes on without it'
    ]
