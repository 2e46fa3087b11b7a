"""Apps are seen by who may reach them, and made and removed by who may do that."""

import pytest

from gitreceive.commands.apps import app_info, check_destroy, create_app, list_apps
from gitreceive.model.errors import AccessDenied, BadCommand, UnknownApp
from tests.unit.commands.conftest import ANN, BOB, EVE, HELLO, OTHER, SYSADMIN, Receiver


def test_everybody_sees_the_apps_that_they_may_reach(receiver: Receiver) -> None:
    receiver.release(HELLO)
    receiver.app(OTHER)
    (receiver.home.repos / '.new-x.git').mkdir()
    (receiver.home.repos / 'Nonsense.git').mkdir()
    assert [each.app for each in list_apps(SYSADMIN, receiver.home, receiver.journal)] == [HELLO, OTHER]
    assert [each.app for each in list_apps(EVE, receiver.home, receiver.journal)] == [OTHER]
    (found,) = list_apps(BOB, receiver.home, receiver.journal)
    assert found.branch == 'main'
    assert found.live and found.live.version == 1


def test_an_app_says_what_it_runs_what_is_under_way_and_which_config_vars_it_has(receiver: Receiver) -> None:
    receiver.release()
    waiting = receiver.push(number=2)
    receiver.journal.apps.change_config(HELLO, {'B': '1', 'A': '2'}, ())
    found = app_info(BOB, HELLO, receiver.home, receiver.journal)
    assert found.live and found.live.commit == f'{1:040x}'
    assert [each.number for each in found.active] == [waiting.number]
    assert found.config == ('A', 'B')


def test_a_forbidden_and_an_unknown_app_look_the_same(receiver: Receiver) -> None:
    receiver.app()
    told = []
    for app in (HELLO, OTHER):
        with pytest.raises(UnknownApp) as refused:
            app_info(EVE, app, receiver.home, receiver.journal)
        told.append(str(refused.value).replace(app, 'APP'))
    assert told[0] == told[1]


def test_an_app_is_made_once_by_who_reaches_all_apps(receiver: Receiver) -> None:
    with pytest.raises(AccessDenied):
        create_app(BOB, HELLO, True, receiver.home)
    with pytest.raises(AccessDenied, match='by the sysadmin on the host'):
        create_app(ANN, HELLO, False, receiver.home)
    assert create_app(ANN, HELLO, True, receiver.home)
    assert not create_app(SYSADMIN, HELLO, False, receiver.home)
    assert (receiver.home.repo(HELLO) / 'HEAD').exists()


def test_an_app_is_removed_by_who_may_and_means_it(receiver: Receiver) -> None:
    receiver.app()
    with pytest.raises(AccessDenied):
        check_destroy(BOB, HELLO, HELLO, receiver.home)
    with pytest.raises(UnknownApp):
        check_destroy(ANN, OTHER, OTHER, receiver.home)
    for confirmed in (None, 'other', ''):
        with pytest.raises(BadCommand, match='apps destroy hello --confirm hello'):
            check_destroy(SYSADMIN, HELLO, confirmed, receiver.home)
    check_destroy(ANN, HELLO, HELLO, receiver.home)
