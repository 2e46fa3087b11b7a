"""A locked app: nothing of it is changed, and whoever tries is told the reason."""

import pytest

from gitreceive.commands.allowed import change_allowed_paths
from gitreceive.commands.apps import check_destroy, set_deploy_branch
from gitreceive.commands.builds import rebuild
from gitreceive.commands.config import change_config, list_config
from gitreceive.commands.formation import scale
from gitreceive.commands.locks import lock_app, unlock_app
from gitreceive.commands.processes import restart, switch
from gitreceive.commands.releases import Back, Promoted, promote, roll_back
from gitreceive.commands.routing import Names, add_domain, set_maintenance, set_sessions
from gitreceive.commands.stacks import set_stack
from gitreceive.model.errors import AccessDenied, BadCommand, UnknownApp
from tests.unit.commands.conftest import ANN, BOB, EVE, HELLO, OTHER, Receiver


def silent(app: str) -> None:
    raise AssertionError('the router is told of nothing')


NAMES = Names(below='localhost', tell=silent)

CHANGES = {
    'allow': lambda r: change_allowed_paths(ANN, HELLO, ['/app/x'], [], r.home, r.journal.apps),
    'config': lambda r: change_config(ANN, HELLO, {'A': '1'}, [], r.home, r.journal.apps),
    'destroy': lambda r: check_destroy(ANN, HELLO, HELLO, r.home, r.journal.apps),
    'branch': lambda r: set_deploy_branch(ANN, HELLO, 'dev', r.home, r.journal),
    'rebuild': lambda r: rebuild(ANN, HELLO, False, r.home, r.journal, r.submit),
    'rollback': lambda r: roll_back(ANN, HELLO, Back(version='v1'), r.home, r.journal, r.submit),
    'promote': lambda r: promote(ANN, Promoted(app=OTHER), HELLO, r.home, r.journal, r.submit),
    'scale': lambda r: scale(ANN, HELLO, {'web': 2}, r.home, r.journal, r.submit),
    'restart': lambda r: restart(ANN, HELLO, [], r.home, r.journal, r.submit),
    'stop': lambda r: switch(ANN, HELLO, False, r.home, r.journal, r.submit),
    'domain': lambda r: add_domain(ANN, HELLO, 'www.example.com', r.home, r.journal, NAMES),
    'maintenance': lambda r: set_maintenance(ANN, HELLO, True, r.home, r.journal, silent),
    'sessions': lambda r: set_sessions(ANN, HELLO, True, r.home, r.journal, silent),
    'stack': lambda r: set_stack(ANN, HELLO, 'cedar-13', ['cedar-13'], r.home, r.journal),
}


@pytest.mark.parametrize('name', CHANGES)
def test_no_change_of_a_locked_app_is_made(receiver: Receiver, name: str) -> None:
    receiver.release(OTHER, 1)
    receiver.release(HELLO, 2)
    receiver.release(HELLO, 3)
    lock_app(BOB, HELLO, 'black friday', receiver.home, receiver.journal.apps)
    before = receiver.journal.events.after(0)[-1].number
    with pytest.raises(AccessDenied, match=r'hello is locked: black friday \(bob\); "apps unlock hello"'):
        CHANGES[name](receiver)
    assert receiver.submitted == []
    assert receiver.journal.events.after(before) == []


def test_what_is_locked_can_still_be_looked_at_and_unlocked(receiver: Receiver) -> None:
    receiver.release()
    home, apps = receiver.home, receiver.journal.apps
    assert lock_app(BOB, HELLO, None, home, apps) == 'no reason given (bob)'
    assert list_config(ANN, HELLO, home, apps) == {}
    assert unlock_app(ANN, HELLO, home, apps)
    assert not unlock_app(ANN, HELLO, home, apps)
    change_config(ANN, HELLO, {'A': '1'}, [], home, apps)


def test_who_does_not_reach_an_app_can_neither_lock_nor_unlock_it(receiver: Receiver) -> None:
    receiver.app()
    for act in (
        lambda: lock_app(EVE, HELLO, 'mine', receiver.home, receiver.journal.apps),
        lambda: unlock_app(EVE, HELLO, receiver.home, receiver.journal.apps),
    ):
        with pytest.raises(UnknownApp):
            act()


@pytest.mark.parametrize('reason', ['x' * 201, 'two\nlines', '\x1b[31m'])
def test_a_reason_is_one_short_line(receiver: Receiver, reason: str) -> None:
    receiver.app()
    with pytest.raises(BadCommand, match='one line'):
        lock_app(ANN, HELLO, reason, receiver.home, receiver.journal.apps)
