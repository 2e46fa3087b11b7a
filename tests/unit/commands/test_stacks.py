"""An app stays on its stack until somebody who may changes that."""

import pytest

from gitreceive.commands.stacks import app_stack, set_stack
from gitreceive.model.errors import BadCommand, UnknownApp
from tests.unit.commands.conftest import ANN, EVE, HELLO, Receiver

KNOWN = ('cedar-12', 'cedar-13')


def stack_of(receiver: Receiver, default: str = 'cedar-13') -> str:
    return app_stack(ANN, HELLO, default, receiver.home, receiver.journal.apps)


def test_an_app_stays_on_what_it_runs_whatever_the_default_is(receiver: Receiver) -> None:
    receiver.push()
    assert stack_of(receiver) == 'cedar-13'
    receiver.journal.operations.finish(1, receiver.journal.operations.active()[0].state.FAILED, '')
    receiver.release(number=2)
    assert stack_of(receiver) == 'cedar-12'
    set_stack(ANN, HELLO, 'cedar-13', KNOWN, receiver.home, receiver.journal)
    assert stack_of(receiver, 'cedar-12') == 'cedar-13'


def test_a_stack_that_there_is_not_is_refused(receiver: Receiver) -> None:
    receiver.release()
    with pytest.raises(BadCommand, match='there are: cedar-12, cedar-13'):
        set_stack(ANN, HELLO, 'cedar-14', KNOWN, receiver.home, receiver.journal)
    with pytest.raises(UnknownApp):
        set_stack(EVE, HELLO, 'cedar-13', KNOWN, receiver.home, receiver.journal)


def test_an_app_that_was_never_pushed_to_has_no_stack_to_change(receiver: Receiver) -> None:
    receiver.app()
    with pytest.raises(BadCommand, match='push it first'):
        set_stack(ANN, HELLO, 'cedar-13', KNOWN, receiver.home, receiver.journal)
