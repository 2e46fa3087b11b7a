"""A push with "-o plan" shows a plan and leaves every ref as it was, also if the daemon ends in the middle."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest

from gitreceive.commands.plan import Plans
from gitreceive.daemon.intake import PushRequest
from gitreceive.daemon.plans import forget_plans, note_plan, only_plan, undo_plan, undo_plans
from gitreceive.model.errors import DetectError
from gitreceive.model.push import NO_COMMIT, Commit, RefUpdate
from gitreceive.repositories import read_ref
from tests.receiver_home import ANN, HELLO, MAIN, ReceiverHome, receiver_home


@pytest.fixture
def here(tmp_path: Path) -> Iterator[ReceiverHome]:
    with receiver_home(tmp_path) as found:
        yield found


class Shown:
    """Plans of which only the commit is known, or an error."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error

    def of_commit(self, actor: object, app: str, commit: Commit, gone: object, show: object) -> str:
        if self.error:
            raise self.error
        return f'plan of {commit}\n'


@contextmanager
def staying(action: Callable[[], None]) -> Iterator[None]:
    yield


def pushed(here: ReceiverHome, session: str = 's') -> PushRequest:
    """A push that git has just taken."""
    deploy = here.update(here.commit())
    here.move(deploy)
    return PushRequest(
        app=HELLO, actor=ANN, session=session, told=0, options=frozenset({'plan'}), updates=(deploy.update,)
    )


def plan(here: ReceiverHome, request: PushRequest, plans: Shown, branch: str | None = MAIN) -> str:
    return b''.join(only_plan(request, branch, cast(Plans, plans), here.home, staying)).decode()


def notes(here: ReceiverHome) -> list[str]:
    return sorted(path.name for path in here.home.work.glob('plan *'))


@pytest.mark.parametrize('branch', [MAIN, None])
def test_a_plan_is_shown_and_the_ref_is_set_back(here: ReceiverHome, branch: str | None) -> None:
    request = pushed(here)
    note_plan(request, here.home)
    shown = plan(here, request, Shown(), branch)
    assert shown.startswith(f'plan of {request.updates[0].new}\n')
    assert 'Nothing was built' in shown
    assert read_ref(here.home.repo(HELLO), MAIN) == NO_COMMIT
    assert notes(here) == []


def test_the_ref_is_set_back_after_an_error_too(here: ReceiverHome) -> None:
    request = pushed(here)
    note_plan(request, here.home)
    with pytest.raises(DetectError):
        plan(here, request, Shown(DetectError('no buildpack')))
    assert read_ref(here.home.repo(HELLO), MAIN) == NO_COMMIT
    assert notes(here) == []


def test_without_a_commit_there_is_no_plan(here: ReceiverHome) -> None:
    request = pushed(here)
    gone = RefUpdate(old=request.updates[0].new, new=NO_COMMIT, ref='refs/heads/side')
    assert 'plan of' not in plan(here, replace(request, updates=(gone,)), Shown())


@pytest.mark.parametrize('session', ['s', ''])
def test_a_plan_that_was_cut_off_is_undone_at_the_next_start(here: ReceiverHome, session: str) -> None:
    request = pushed(here, session)
    note_plan(request, here.home)
    assert len(notes(here)) == 1
    undo_plans(here.home)
    assert read_ref(here.home.repo(HELLO), MAIN) == NO_COMMIT
    undo_plans(here.home)


def test_a_session_undoes_its_own_plan_once(here: ReceiverHome) -> None:
    request = pushed(here)
    assert not undo_plan(HELLO, 's', here.home)
    note_plan(request, here.home)
    assert not undo_plan(HELLO, 'other', here.home)
    assert not undo_plan(HELLO, '', here.home)
    assert undo_plan(HELLO, 's', here.home)
    assert read_ref(here.home.repo(HELLO), MAIN) == NO_COMMIT
    assert not undo_plan(HELLO, 's', here.home)


def test_a_push_that_is_meant_is_not_set_back_for_a_plan_of_the_same_commit(here: ReceiverHome) -> None:
    request = pushed(here)
    note_plan(request, here.home)
    forget_plans(replace(request, options=frozenset()), here.home)
    undo_plans(here.home)
    assert read_ref(here.home.repo(HELLO), MAIN) == request.updates[0].new
