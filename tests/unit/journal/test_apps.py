"""What the journal keeps of an app: its lock, its names, how it runs."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from gitreceive.journal import Journal
from gitreceive.model.access import Actor
from gitreceive.model.app import AppName
from gitreceive.model.errors import ReleaseError
from gitreceive.model.operation import OperationState, Rename, Rescale, Restart, redeploy
from gitreceive.model.push import Commit
from gitreceive.model.slug import StoredSlug
from tests.releases import release_of

HELLO, OTHER = AppName('hello'), AppName('other')
ANN = Actor(name='ann')
MAIN = 'refs/heads/main'


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with closing(Journal(tmp_path / 'journal.db')) as opened:
        yield opened


def test_an_app_is_locked_for_a_reason(journal: Journal) -> None:
    assert journal.apps.locked(HELLO) == ''
    journal.apps.lock(HELLO, 'black friday', by='ann')
    assert (journal.apps.locked(HELLO), journal.apps.locked(OTHER)) == ('black friday', '')
    journal.apps.lock(HELLO, '', by='ann')
    assert journal.apps.locked(HELLO) == ''
    assert [event.kind for event in journal.events.after(0)] == ['app.locked', 'app.unlocked']


def test_what_was_said_of_an_app_before_its_first_push_is_kept(journal: Journal) -> None:
    journal.apps.lock(HELLO, 'not yet', by='ann')
    assert journal.apps.deploy_branch(HELLO) is None
    journal.apps.add(HELLO, MAIN)
    journal.apps.add(HELLO, 'refs/heads/other')
    assert journal.apps.deploy_branch(HELLO) == MAIN
    assert journal.apps.locked(HELLO) == 'not yet'
    created = [event for event in journal.events.after(0) if event.kind == 'app.created']
    assert [event.details for event in created] == [{'deploy_branch': MAIN}]


def test_a_domain_belongs_to_one_app(journal: Journal) -> None:
    assert journal.domains.add(HELLO, 'www.example', by='ann') == HELLO
    assert journal.domains.add(OTHER, 'www.example', by='eve') == HELLO
    assert journal.domains.owner('www.example') == HELLO
    assert not journal.domains.remove(OTHER, 'www.example', by='eve')
    assert journal.domains.of(HELLO) == ['www.example']
    assert journal.domains.remove(HELLO, 'www.example', by='ann')
    assert journal.domains.owner('www.example') is None


def test_an_operation_ends_without_a_release(journal: Journal) -> None:
    operation = journal.operations.submit(HELLO, Restart(), ANN)
    with pytest.raises(ReleaseError, match='restart of hello is no longer running'):
        journal.operations.done(operation)
    journal.operations.claim(retries=False, builds=False)
    journal.operations.done(operation)
    ended = journal.operations.get(operation.number)
    assert ended and (ended.state, ended.live) == (OperationState.SUCCEEDED, None)


def test_what_app_json_says_of_running_is_pinned_to_the_release(journal: Journal) -> None:
    journal.apps.add(HELLO, MAIN)
    operation = journal.operations.submit(HELLO, redeploy(Commit('1' * 40), MAIN), ANN)
    journal.operations.claim(retries=False)
    pinned = {'healthchecks': [{'path': '/up'}], 'cron': []}
    release = release_of(operation, StoredSlug(sha256='a' * 64, size=1), running=pinned)
    made = journal.releases.record(operation, release, {})
    assert made.running == pinned
    assert journal.releases.live(HELLO) == replace(made, running=pinned)


def test_nothing_of_a_destroyed_app_is_left(journal: Journal) -> None:
    journal.apps.add(HELLO, MAIN)
    journal.domains.add(HELLO, 'www.example', by='ann')
    journal.running.set_maintenance(HELLO, True, by='ann')
    operation = journal.operations.submit(HELLO, Rescale(formation={}), ANN)
    journal.operations.claim(retries=False, builds=False)
    journal.apps.destroy(operation)
    assert journal.domains.owner('www.example') is None
    assert journal.running.formation(HELLO) == {}
    assert not journal.running.route(HELLO).maintenance


def test_an_app_gets_no_name_of_another_one(journal: Journal) -> None:
    for app in (HELLO, OTHER):
        journal.apps.add(app, MAIN)
        journal.apps.change_config(app, {'A': app}, ())
    operation = journal.operations.submit(HELLO, Rename(source=HELLO, to=OTHER), ANN)
    with pytest.raises(ReleaseError, match='no longer running'):
        journal.apps.rename(operation, OTHER)
    journal.operations.claim(retries=False, builds=False)
    with pytest.raises(ReleaseError, match='there is an app other already'):
        journal.apps.rename(operation, OTHER)
    assert journal.apps.config(HELLO) == {'A': 'hello'}
    journal.apps.rename(operation, AppName('new'))
    assert journal.apps.config(AppName('new')) == {'A': 'hello'}
    assert journal.events.after(0)[-1].details == {'former': 'hello'}
