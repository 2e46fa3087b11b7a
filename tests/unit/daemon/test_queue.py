"""The queue hands operations out, and ends them, with one truth."""

import threading
import time

import pytest

from gitreceive.model.app import AppName
from gitreceive.model.errors import BuildCancelled
from gitreceive.model.operation import OperationState, Rollback, redeploy
from gitreceive.model.push import NO_COMMIT, Commit
from tests.receiver_home import ANN, HELLO, MAIN, ReceiverHome

OTHER = AppName('other')
WANTED = redeploy(Commit('1' * 40), MAIN)


def test_an_operation_can_be_cancelled_from_the_moment_it_is_taken(here: ReceiverHome) -> None:
    operation = here.queue.submit(HELLO, WANTED, ANN)
    taken = here.queue.take(builds=True)
    assert taken and taken.operation.number == operation.number
    here.queue.cancel(operation, 'cancelled by ann', lambda: None)
    with pytest.raises(BuildCancelled, match='cancelled by ann'):
        taken.clock.check()
    assert here.state(operation.number)[0] == 'running', 'its worker ends it'


def test_however_cancel_and_claim_race_an_operation_has_one_end(here: ReceiverHome) -> None:
    stopped: list[int] = []

    def work() -> None:
        while taken := here.queue.take(builds=True):
            event = threading.Event()
            with taken.clock.call_on_stop(event.set):
                assert event.wait(10), 'cancelled, and nobody told the worker'
            stopped.append(taken.operation.number)
            here.journal.operations.finish(taken.operation.number, OperationState.CANCELLED, 'running')
            here.queue.forget(taken.operation.number)

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for turn in range(100):
        operation = here.queue.submit(HELLO, WANTED, ANN)
        time.sleep(turn % 5 / 2000)
        here.queue.cancel(operation, 'waiting', lambda: None)
    deadline = time.monotonic() + 10
    while here.journal.operations.active() and time.monotonic() < deadline:
        time.sleep(0.01)
    here.queue.close()
    for worker in workers:
        worker.join(10)
    ended = here.journal.operations.of(HELLO, 1000)
    assert len(ended) == 100
    assert {each.state for each in ended} <= {OperationState.CANCELLED, OperationState.SUPERSEDED}
    assert {each.number for each in ended if each.cause == 'running'} == set(stopped)


def test_a_waiting_operation_that_is_cancelled_is_set_back_first(here: ReceiverHome) -> None:
    operation = here.queue.submit(HELLO, WANTED, ANN)
    seen: list[str] = []
    here.queue.cancel(operation, 'cancelled by ann', lambda: seen.append(here.state(operation.number)[0]))
    assert (seen, here.state(operation.number)) == (['queued'], ('cancelled', 'cancelled by ann'))


def test_what_has_ended_cannot_be_cancelled(here: ReceiverHome) -> None:
    operation = here.queue.submit(HELLO, WANTED, ANN)
    taken = here.queue.take(builds=True)
    assert taken
    here.record(taken.operation)
    here.queue.forget(operation.number)
    here.queue.cancel(operation, 'cancelled by ann', lambda: pytest.fail('it is not set back'))
    assert here.state(operation.number) == ('succeeded', '')


def test_what_needs_no_build_does_not_wait_for_builds(here: ReceiverHome) -> None:
    here.queue.submit(HELLO, WANTED, ANN)
    rollback = here.queue.submit(OTHER, Rollback(version=1, commit=NO_COMMIT), ANN)
    taken = here.queue.take(builds=False)
    assert taken and taken.operation.number == rollback.number


def test_a_second_attempt_is_handed_out_as_soon_as_the_engine_answers(here: ReceiverHome) -> None:
    here.engine.append(False)
    here.queue.submit(HELLO, WANTED, ANN, attempt=2)
    other = here.queue.submit(OTHER, WANTED, ANN)
    taken = here.queue.take(builds=True)
    assert taken and taken.operation.number == other.number
    here.engine.append(True)
    again = here.queue.take(builds=True)
    assert again and again.operation.attempt == 2


def test_workers_that_wait_are_woken_by_an_operation_and_by_the_end(here: ReceiverHome) -> None:
    found: list[object] = []

    def work() -> None:
        while taken := here.queue.take(builds=True):
            found.append(taken.operation.number)

    thread = threading.Thread(target=work)
    thread.start()
    number = here.queue.submit(HELLO, WANTED, ANN).number
    deadline = time.monotonic() + 10
    while not found and time.monotonic() < deadline:
        time.sleep(0.01)
    here.queue.close()
    thread.join(10)
    assert (found, thread.is_alive()) == ([number], False)


def test_the_next_operation_of_an_app_waits_until_the_worker_has_let_go(here: ReceiverHome) -> None:
    here.queue.submit(HELLO, WANTED, ANN)
    taken = here.queue.take(builds=True)
    assert taken
    here.record(taken.operation)
    here.queue.submit(HELLO, WANTED, ANN)
    other = here.queue.submit(OTHER, WANTED, ANN)
    second = here.queue.take(builds=True)
    assert second and second.operation.number == other.number
    here.queue.forget(taken.operation.number)
    third = here.queue.take(builds=True)
    assert third and third.operation.app == HELLO
