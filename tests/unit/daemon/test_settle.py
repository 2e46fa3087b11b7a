"""What was announced and never went on is settled by the refs."""

import pytest

from gitreceive.daemon import settle as module
from gitreceive.daemon.settle import settle_all, settle_session
from gitreceive.model.operation import Operation, OperationState
from gitreceive.model.push import NO_COMMIT, Commit
from tests.receiver_home import ANN, HELLO, ReceiverHome


def settled(here: ReceiverHome, session: str) -> Operation | None:
    return settle_session(HELLO, session, here.journal, here.queue, here.home)


def announced(here: ReceiverHome, new: Commit, old: Commit = NO_COMMIT, session: str = '') -> Operation:
    return here.journal.operations.announce(HELLO, here.update(new, old), ANN, session)


def test_a_push_whose_ref_has_moved_is_queued(here: ReceiverHome) -> None:
    operation = announced(here, here.commit(), session='one')
    here.move(operation.request)
    found = settled(here, 'one')
    assert found and (found.number, found.state) == (operation.number, OperationState.QUEUED)
    assert settled(here, 'one') == found, 'it is settled once'


def test_a_push_whose_ref_has_not_moved_when_git_has_ended_is_forgotten(here: ReceiverHome) -> None:
    operation = announced(here, here.commit(), session='one')
    assert settled(here, 'one') is None
    assert here.journal.operations.get(operation.number) is None


def test_a_git_that_may_still_run_is_given_time(here: ReceiverHome, monkeypatch: pytest.MonkeyPatch) -> None:
    operation = announced(here, here.commit())
    settle_all(here.journal, here.queue, here.home)
    assert here.state(operation.number)[0] == 'announced'
    monkeypatch.setattr(module, 'MOVES_WITHIN', -1.0)
    settle_all(here.journal, here.queue, here.home)
    assert here.journal.operations.get(operation.number) is None


def test_a_commit_that_failed_before_is_built_when_it_is_pushed_again(here: ReceiverHome) -> None:
    commit = here.commit()
    failed = here.queue.submit(HELLO, here.update(commit), ANN)
    here.journal.operations.finish(failed.number, OperationState.FAILED, 'no')
    again = announced(here, commit, session='two')
    here.move(again.request)
    settle_all(here.journal, here.queue, here.home)
    assert here.state(again.number)[0] == 'queued'


def test_of_two_pushes_of_one_commit_at_once_one_is_built(here: ReceiverHome) -> None:
    commit = here.commit()
    lost, won = announced(here, commit, session='lost'), announced(here, commit, session='won')
    here.move(won.request)
    here.queue.start(won.number)
    assert settled(here, 'lost') is None
    assert here.state(won.number)[0] == 'queued'
    assert here.journal.operations.get(lost.number) is None


def test_a_push_from_which_a_later_one_went_on_is_superseded_by_it(here: ReceiverHome) -> None:
    one, two = here.commit(), here.commit()
    first = announced(here, one)
    here.move(first.request)
    second = announced(here, two, one)
    here.move(second.request)
    settle_all(here.journal, here.queue, here.home)
    assert here.state(first.number)[0] == 'superseded'
    assert here.state(second.number)[0] == 'queued'
