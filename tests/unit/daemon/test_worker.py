"""A worker carries operations out, whatever becomes of them."""

import sqlite3
import threading
from contextlib import closing, contextmanager

import pytest

from gitreceive.daemon import worker as module
from gitreceive.daemon.branch import follow_release
from gitreceive.daemon.worker import Interrupted, Worker
from gitreceive.model.errors import BuildError, EngineGone
from gitreceive.model.operation import Configure, Deploy, Operation, OperationState, Rollback
from gitreceive.model.release import Release
from gitreceive.model.task import Task
from gitreceive.repositories import read_ref
from gitreceive.wiring.receiver import Handler
from tests.receiver_home import ANN, HELLO, MAIN, ReceiverHome, run_until_stopped


@contextmanager
def working(here: ReceiverHome):
    """A worker, and what tells that an operation has ended."""
    ended = threading.Semaphore(0)
    worker = Worker(here.queue, here.receiver, here.logs, ended.release)
    worker.start()
    try:
        yield ended
    finally:
        here.queue.close()
        worker.join(10)
        assert not worker.is_alive()


def pushed(here: ReceiverHome) -> Operation:
    """A push of the first commit."""
    deploy = here.update(here.commit())
    here.move(deploy)
    return here.queue.submit(HELLO, deploy, ANN)


def fails(error: Exception) -> Handler:
    def handler(task: Task) -> Release:
        raise error

    return handler


def test_a_release_ends_its_operation_and_the_deploy_branch_names_it(here: ReceiverHome) -> None:
    here.handlers[Deploy] = lambda task: here.record(task.operation)
    operation = pushed(here)
    with working(here) as ended:
        assert ended.acquire(timeout=10)
    assert here.state(operation.number) == ('succeeded', '')
    repo = here.home.repo(HELLO)
    assert read_ref(repo, MAIN) == operation.commit == read_ref(repo, 'HEAD')


def test_a_failure_sets_the_deploy_branch_back(here: ReceiverHome) -> None:
    here.handlers[Deploy] = fails(BuildError('failed in "make"'))
    operation = pushed(here)
    with working(here) as ended:
        assert ended.acquire(timeout=10)
    assert here.state(operation.number) == ('failed', 'failed in "make"')
    assert read_ref(here.home.repo(HELLO), MAIN) == '0' * 40


def test_an_unexpected_error_fails_the_operation_only(here: ReceiverHome, caplog) -> None:
    here.handlers[Deploy] = fails(ValueError('no'))
    first = pushed(here)
    with working(here) as ended:
        assert ended.acquire(timeout=10)
        second = here.queue.submit(HELLO, first.request, ANN)
        assert ended.acquire(timeout=10)
    for operation in (first, second):
        assert here.state(operation.number) == ('failed', module.UNEXPECTED)


def test_a_full_disk_is_named_with_its_path(here: ReceiverHome) -> None:
    here.handlers[Deploy] = fails(OSError(28, 'No space left on device', '/srv/slug'))
    operation = pushed(here)
    with working(here) as ended:
        assert ended.acquire(timeout=10)
    assert here.state(operation.number)[1].startswith('No space left on device at /srv/slug; make room')


def test_a_cancelled_operation_ends_as_that(here: ReceiverHome) -> None:
    started = threading.Event()

    here.handlers[Deploy] = lambda task: run_until_stopped(task, started)
    operation = pushed(here)
    with working(here) as ended:
        assert started.wait(10)
        here.queue.cancel(operation, 'cancelled by ann', lambda: None)
        assert ended.acquire(timeout=10)
    assert here.state(operation.number) == ('cancelled', 'cancelled by ann')


def test_an_engine_that_goes_away_is_waited_for_once(here: ReceiverHome) -> None:
    here.handlers[Deploy] = fails(EngineGone('the engine went away'))
    operation = pushed(here)
    with working(here) as ended:
        for _ in range(2):
            assert ended.acquire(timeout=10)
    first, second = (here.state(number) for number in (operation.number, operation.number + 1))
    assert first == ('failed', f'the engine went away{module.AGAIN}')
    assert second == ('failed', 'the engine went away')
    assert here.journal.operations.get(operation.number + 2) is None


def test_an_orderly_end_puts_the_operation_back(here: ReceiverHome) -> None:
    here.handlers[Deploy] = fails(Interrupted('the receiver is ending'))
    operation = pushed(here)
    taken: list[int] = []

    def end() -> None:
        taken.append(operation.number)
        here.queue.close()

    worker = Worker(here.queue, here.receiver, here.logs, end)
    worker.start()
    worker.join(10)
    found = here.journal.operations.get(operation.number)
    assert found and (found.state, found.attempt, found.started) == (OperationState.QUEUED, 1, None)
    assert here.log(operation) == '-----> The receiver is restarted; build 1 starts again\n'


def test_config_vars_are_masked_in_the_log_and_in_the_cause(here: ReceiverHome) -> None:
    def handler(task: Task) -> Release:
        here.journal.apps.change_config(HELLO, {'URL': 'postgres://u:hunter2@db', 'SHORT': 'word'}, ())
        task.console.detail('connecting to postgres://u:hunter2@db with word')
        raise BuildError('failed in "psql postgres://u:hunter2@db"')

    here.handlers[Deploy] = handler
    operation = pushed(here)
    with working(here) as ended:
        assert ended.acquire(timeout=10)
    assert here.log(operation) == '       connecting to ******** with word\n'
    assert here.state(operation.number)[1] == 'failed in "psql ********"'


def test_a_worker_outlives_a_journal_that_cannot_be_written_and_an_app_without_repository(
    here: ReceiverHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr('gitreceive.daemon.worker.JOURNAL_RETRY_SECONDS', 0.05)
    here.handlers[Deploy] = fails(BuildError('no'))
    here.journal.apps.add(HELLO, MAIN)
    with closing(sqlite3.connect(here.home.journal_db, isolation_level=None)) as other:
        operation = here.queue.submit(HELLO, here.update('1' * 40), ANN)
        here.journal._database._db.execute('PRAGMA busy_timeout = 10')
        other.execute('BEGIN IMMEDIATE')
        with working(here) as ended:
            assert not ended.acquire(timeout=0.3)
            other.execute('ROLLBACK')
            assert ended.acquire(timeout=10)
    assert here.state(operation.number)[0] == 'failed'


def test_new_config_vars_move_no_branch_and_a_rollback_moves_it_back(here: ReceiverHome) -> None:
    here.handlers[Deploy] = lambda task: here.record(task.operation)
    first = pushed(here)
    with working(here) as ended:
        assert ended.acquire(timeout=10)
        second = here.update(here.commit(), first.commit)
        here.move(second)
        here.queue.submit(HELLO, second, ANN)
        assert ended.acquire(timeout=10)
        waiting = here.update(here.commit(), second.commit)
        here.move(waiting)
    repo = here.home.repo(HELLO)
    before = here.journal.releases.live(HELLO)
    configured = here.journal.operations.submit(HELLO, Configure(changed='Set A', commit=second.commit), ANN)
    released = here.record(claimed(here))
    follow_release(configured, released, before, here.journal, here.home)
    assert read_ref(repo, MAIN) == waiting.commit, 'what was pushed meanwhile is still to be built'
    here.journal.operations.submit(HELLO, Rollback(version=1, commit=first.commit), ANN)
    back = claimed(here)
    before = here.journal.releases.live(HELLO)
    follow_release(back, here.record(back), before, here.journal, here.home)
    assert read_ref(repo, MAIN) == first.commit


def claimed(here: ReceiverHome) -> Operation:
    operation = here.journal.operations.claim(retries=False, builds=False)
    assert operation
    return operation
