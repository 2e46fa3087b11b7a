"""Apps are seen by who may reach them, and made and removed by who may do that."""

import shutil
from pathlib import Path

import pytest

from gitreceive.commands.apps import (
    app_info,
    check_destroy,
    create_app,
    list_apps,
    rename_app,
    set_deploy_branch,
)
from gitreceive.model.access import Actor
from gitreceive.model.app import AppName
from gitreceive.model.errors import AccessDenied, BadCommand, UnknownApp
from gitreceive.model.operation import Rename
from gitreceive.model.push import parse_commit
from gitreceive.repositories import UNBORN, ensure_repository, read_ref
from tests.unit.commands.conftest import ANN, BOB, EVE, HELLO, OTHER, SYSADMIN, Receiver
from tests.unit.repositories.served import Served


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
        create_app(BOB, HELLO, 9, receiver.home)
    with pytest.raises(AccessDenied, match='by the sysadmin on the host'):
        create_app(ANN, HELLO, 0, receiver.home)
    assert create_app(ANN, HELLO, 9, receiver.home)
    assert not create_app(SYSADMIN, HELLO, 0, receiver.home)
    assert (receiver.home.repo(HELLO) / 'HEAD').exists()


def test_an_app_is_removed_by_who_may_and_means_it(receiver: Receiver) -> None:
    receiver.app()
    with pytest.raises(AccessDenied):
        check_destroy(BOB, HELLO, HELLO, receiver.home, receiver.journal.apps)
    with pytest.raises(UnknownApp):
        check_destroy(ANN, OTHER, OTHER, receiver.home, receiver.journal.apps)
    for confirmed in (None, 'other', ''):
        with pytest.raises(BadCommand, match='apps destroy hello --confirm hello'):
            check_destroy(SYSADMIN, HELLO, confirmed, receiver.home, receiver.journal.apps)
    check_destroy(ANN, HELLO, HELLO, receiver.home, receiver.journal.apps)


def test_another_branch_can_be_deployed_and_names_what_is_live_until_it_is_pushed(
    receiver: Receiver, tmp_path: Path
) -> None:
    served = Served(tmp_path)
    commit = parse_commit(served.change('file', b'live'))
    served.push('main:refs/heads/trunk', 'HEAD~1:refs/heads/old')
    receiver.app()
    shutil.rmtree(receiver.home.repo(HELLO))
    shutil.copytree(served.bare, receiver.home.repo(HELLO))
    for branch in ('trunk', 'old', 'new'):
        set_deploy_branch(BOB, HELLO, branch, receiver.home, receiver.journal)
        found = app_info(BOB, HELLO, receiver.home, receiver.journal)
        assert found.branch == branch
    assert (receiver.home.repo(HELLO) / 'HEAD').read_text() == 'ref: refs/heads/new\n'
    assert read_ref(receiver.home.repo(HELLO), 'refs/heads/trunk') == commit


def test_the_event_of_a_set_deploy_branch_names_who_set_it(receiver: Receiver) -> None:
    ensure_repository(receiver.home.repo(HELLO))
    for actor, branch in ((BOB, 'trunk'), (SYSADMIN, 'main')):
        set_deploy_branch(actor, HELLO, branch, receiver.home, receiver.journal)
    told = [(event.kind, event.actor) for event in receiver.journal.events.after(0)]
    assert told == [('app.created', BOB.name), ('app.deploy_branch', SYSADMIN.name)]


@pytest.mark.parametrize(
    'name',
    ['', 'HEAD', 'refs/heads/x', '-x', 'a b', 'a..b', 'a.lock', '.a', 'a/', 'x' * 201, 'a\nb', '$(id)'],
)
def test_what_is_no_branch_is_not_deployed(receiver: Receiver, name: str) -> None:
    receiver.app()
    with pytest.raises(BadCommand, match='is not the name of a branch'):
        set_deploy_branch(ANN, HELLO, name, receiver.home, receiver.journal)


def test_the_branch_stays_while_something_is_deployed(receiver: Receiver) -> None:
    receiver.push(number=1)
    with pytest.raises(BadCommand, match='hello is being deployed'):
        set_deploy_branch(ANN, HELLO, 'trunk', receiver.home, receiver.journal)


def test_a_key_creates_only_so_many_apps_and_others_and_the_sysadmin_go_on(receiver: Receiver) -> None:
    for number in range(3):
        assert create_app(ANN, AppName(f'ann-{number}'), 3, receiver.home)
    with pytest.raises(AccessDenied, match='has created 3 apps'):
        create_app(ANN, HELLO, 3, receiver.home)
    assert not create_app(ANN, AppName('ann-1'), 3, receiver.home)
    assert create_app(Actor(name='zoe', key='SHA256:zoe'), HELLO, 3, receiver.home)
    assert create_app(SYSADMIN, OTHER, 3, receiver.home)
    shutil.rmtree(receiver.home.repo(AppName('ann-0')))
    assert create_app(ANN, AppName('ann-3'), 3, receiver.home)


def test_an_app_that_nobody_has_pushed_to_yet_is_none_until_it_is_created(receiver: Receiver) -> None:
    ensure_repository(receiver.home.repo(HELLO), UNBORN, 'SHA256:bob')
    assert list_apps(SYSADMIN, receiver.home, receiver.journal) == []
    with pytest.raises(UnknownApp):
        app_info(BOB, HELLO, receiver.home, receiver.journal)
    assert create_app(SYSADMIN, HELLO, 0, receiver.home)
    assert not (receiver.home.repo(HELLO) / UNBORN).exists()
    assert [each.app for each in list_apps(BOB, receiver.home, receiver.journal)] == [HELLO]


def test_an_app_is_renamed_by_who_may_and_to_a_name_that_is_free(receiver: Receiver) -> None:
    receiver.release()
    receiver.app(OTHER)
    new, home, journal = AppName('new'), receiver.home, receiver.journal
    done = rename_app(ANN, HELLO, new, home, journal, receiver.submit)
    assert (done.app, done.request) == (HELLO, Rename(source=HELLO, to=new))
    for taken in (OTHER, HELLO):
        with pytest.raises(BadCommand, match=r'there is an app .* already'):
            rename_app(ANN, HELLO, taken, home, journal, receiver.submit)
    with pytest.raises(AccessDenied, match='may not rename apps'):
        rename_app(BOB, HELLO, new, home, journal, receiver.submit)
    with pytest.raises(UnknownApp):
        rename_app(ANN, new, AppName('newer'), home, journal, receiver.submit)
