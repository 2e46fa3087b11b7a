"""What the journal says of operations and of the releases that they make."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from gitreceive.journal import Journal
from gitreceive.journal.operations import TWICE
from gitreceive.model.access import Actor
from gitreceive.model.app import AppName
from gitreceive.model.errors import ReleaseError
from gitreceive.model.operation import Deploy, Operation, OperationState, Rollback
from gitreceive.model.push import NO_COMMIT, Commit, RefUpdate
from gitreceive.model.release import Release, ReleaseState
from gitreceive.model.slug import StoredSlug
from tests.releases import release_of

HELLO, OTHER = AppName('hello'), AppName('other')
ANN = Actor(name='ann', key='SHA256:k')
MAIN = 'refs/heads/main'


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with closing(Journal(tmp_path / 'journal.db')) as opened:
        opened.apps.add(HELLO, MAIN)
        yield opened


def deploy(digit: str, *options: str) -> Deploy:
    update = RefUpdate(old=NO_COMMIT, new=Commit(digit * 40), ref=MAIN)
    return Deploy(update=update, options=frozenset(options))


def release(operation: Operation) -> Release:
    return release_of(operation, StoredSlug(sha256='ab', size=7), description='Deploy 1111111')


def released(journal: Journal, digit: str) -> Release:
    journal.operations.submit(HELLO, deploy(digit), ANN)
    claimed = journal.operations.claim(retries=False)
    assert claimed
    return journal.releases.record(claimed, release(claimed), {'A': digit})


def states(journal: Journal) -> list[str]:
    return [operation.state.value for operation in journal.operations.of(limit=99)][::-1]


def test_a_request_is_read_as_it_was_written(journal: Journal) -> None:
    wanted = (deploy('1', 'nocache', 'detach'), Rollback(version=3, commit=Commit('2' * 40)))
    for request in wanted:
        submitted = journal.operations.submit(HELLO, request, ANN)
        found = journal.operations.get(submitted.number)
        assert found == submitted
        assert (submitted.request, submitted.actor, submitted.state) == (request, ANN, OperationState.QUEUED)


def test_what_is_announced_is_no_operation_yet(journal: Journal) -> None:
    announced = journal.operations.announce(HELLO, deploy('1'), ANN, 'word')
    assert announced.state is OperationState.ANNOUNCED and not announced.state.final
    assert journal.operations.of() == journal.operations.active() == []
    assert journal.operations.claim(retries=True) is None
    assert journal.operations.announced(HELLO) == [announced]
    assert journal.operations.of_session(HELLO, 'word') == announced
    assert journal.operations.of_session(OTHER, 'word') is None


def test_no_session_is_no_word_by_which_an_operation_is_found(journal: Journal) -> None:
    journal.operations.announce(HELLO, deploy('1'), ANN)
    assert journal.operations.of_session(HELLO, '') is None


def test_an_announced_operation_is_queued_once(journal: Journal) -> None:
    first = journal.operations.submit(HELLO, deploy('1'), ANN)
    number = journal.operations.announce(HELLO, deploy('2'), ANN).number
    for _ in range(2):
        queued = journal.operations.queue(number)
        assert queued and queued.state is OperationState.QUEUED
    assert states(journal) == ['superseded', 'queued']
    superseded = journal.operations.get(first.number)
    assert superseded and superseded.cause == f'superseded by build {number} (2222222)'
    assert not journal.operations.drop(number)


def test_a_dropped_operation_is_forgotten(journal: Journal) -> None:
    number = journal.operations.announce(HELLO, deploy('1'), ANN).number
    assert journal.operations.drop(number)
    assert (journal.operations.get(number), journal.operations.queue(number)) == (None, None)
    assert journal.operations.submit(HELLO, deploy('1'), ANN).number > number, 'numbers are not used twice'


def test_only_waiting_deploys_are_superseded_and_only_by_deploys(journal: Journal) -> None:
    journal.operations.submit(HELLO, deploy('1'), ANN)
    journal.operations.submit(HELLO, Rollback(version=1, commit=Commit('1' * 40)), ANN)
    journal.operations.submit(OTHER, deploy('1'), ANN)
    assert states(journal) == ['queued'] * 3
    journal.operations.submit(HELLO, deploy('2'), ANN)
    assert states(journal) == ['superseded', 'queued', 'queued', 'queued']


def test_operations_of_an_app_run_one_after_the_other(journal: Journal) -> None:
    for app in (HELLO, HELLO, OTHER):
        journal.operations.submit(app, Rollback(version=1, commit=NO_COMMIT), ANN)
    claimed = [journal.operations.claim(retries=False, builds=False) for _ in range(3)]
    assert [each and each.number for each in claimed] == [1, 3, None]


def test_a_second_attempt_waits_for_the_engine(journal: Journal) -> None:
    journal.operations.submit(HELLO, deploy('1'), ANN, attempt=2)
    assert journal.operations.claim(retries=False) is None
    assert journal.operations.claim(retries=True)


def test_an_operation_that_kills_the_daemon_twice_has_failed(journal: Journal) -> None:
    number = journal.operations.submit(HELLO, deploy('1'), ANN).number
    journal.operations.claim(retries=True)
    (again,) = journal.operations.requeue_running()
    assert (again.number, again.attempt, again.state) == (number, 2, OperationState.QUEUED)
    journal.operations.claim(retries=True)
    assert journal.operations.requeue_running() == []
    failed = journal.operations.get(number)
    assert failed and (failed.state, failed.cause) == (OperationState.FAILED, TWICE)


def test_an_orderly_end_of_the_daemon_is_no_attempt(journal: Journal) -> None:
    number = journal.operations.submit(HELLO, deploy('1'), ANN).number
    for _ in range(5):
        assert journal.operations.claim(retries=False)
        journal.operations.requeue(number)
        assert journal.operations.requeue_running() == []


def test_a_deploy_that_was_running_in_a_crash_is_superseded_by_a_newer_one(journal: Journal) -> None:
    journal.operations.submit(HELLO, deploy('1'), ANN)
    journal.operations.claim(retries=False)
    journal.operations.submit(HELLO, deploy('2'), ANN)
    assert journal.operations.requeue_running() == []
    assert states(journal) == ['superseded', 'queued']


def test_a_release_is_live_from_the_transaction_that_ends_its_operation(journal: Journal) -> None:
    assert journal.releases.live(HELLO) is None
    first, second = released(journal, '1'), released(journal, '2')
    assert (first.version, first.state, first.description) == (1, ReleaseState.LIVE, 'Deploy 1111111')
    assert journal.releases.live(HELLO) == second
    assert [each.state for each in journal.releases.of(HELLO)] == [ReleaseState.LIVE, ReleaseState.REPLACED]
    assert journal.releases.config(second) == {'A': '2'}
    assert journal.releases.made_by(first.operation) == journal.releases.get(HELLO, 1)
    assert journal.releases.versions(HELLO, 'ab') == (1, 3)
    ended = journal.operations.get(second.operation)
    assert ended and (ended.state, ended.live) == (OperationState.SUCCEEDED, 2)


def test_a_cancelled_operation_makes_no_release(journal: Journal) -> None:
    journal.operations.submit(HELLO, deploy('1'), ANN)
    claimed = journal.operations.claim(retries=False)
    assert claimed
    assert journal.operations.finish(claimed.number, OperationState.CANCELLED, 'cancelled by ann')
    with pytest.raises(ReleaseError, match='build 1 is no longer running'):
        journal.releases.record(claimed, release(claimed), {})
    assert journal.releases.of(HELLO) == []
    assert not journal.operations.finish(claimed.number, OperationState.FAILED, 'again')


def test_what_was_live_when_an_operation_failed_stays_known(journal: Journal) -> None:
    released(journal, '1')
    failing = journal.operations.submit(HELLO, deploy('2'), ANN).number
    journal.operations.finish(failing, OperationState.FAILED, 'no')
    released(journal, '3')
    failed = journal.operations.get(failing)
    assert failed and failed.live == 1


def test_each_change_of_an_operation_has_an_event(journal: Journal) -> None:
    seen = journal.events.after(0)[-1].number
    number = journal.operations.announce(HELLO, deploy('1'), ANN).number
    journal.operations.queue(number)
    journal.operations.claim(retries=False)
    journal.operations.finish(number, OperationState.FAILED, 'no')
    told = journal.events.after(seen)
    assert [event.kind.partition('.')[2] for event in told] == ['announced', 'queued', 'running', 'failed']
    assert {(event.app, event.actor, event.details['operation']) for event in told} == {
        (HELLO, 'ann', number)
    }
