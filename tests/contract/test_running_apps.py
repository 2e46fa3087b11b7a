"""What is known of apps that run: the stand-in of unit tests behaves as the journal does."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from gitreceive.config.home import Home
from gitreceive.journal import Journal, open_journal
from gitreceive.journal.running import RunningApps
from gitreceive.model.access import Actor
from gitreceive.model.app import AppName
from gitreceive.model.errors import ReleaseError
from gitreceive.model.instance import Scale
from gitreceive.model.operation import Operation, OperationState, Restart
from gitreceive.model.route import Route
from gitreceive.run.ports import AppsThatRun
from tests.fakes_apps import FakeAppsThatRun

HELLO, OTHER = AppName('hello'), AppName('other')
ANN = Actor(name='ann')
TWO = {'web': Scale(count=2, memory=256_000_000, cpus=0.5)}


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with closing(open_journal(Home(tmp_path / 'home'))) as made:
        made.apps.add(HELLO, 'refs/heads/main')
        yield made


@pytest.fixture(params=['fake', 'journal'])
def apps(request: pytest.FixtureRequest, journal: Journal) -> RunningApps | FakeAppsThatRun:
    return FakeAppsThatRun() if request.param == 'fake' else journal.running


Apps = RunningApps | FakeAppsThatRun


def running(journal: Journal) -> Operation:
    """An operation that a worker carries out."""
    for each in journal.operations.active(HELLO):
        journal.operations.finish(each.number, OperationState.CANCELLED, 'by the test')
    journal.operations.submit(HELLO, Restart(), ANN)
    operation = journal.operations.claim(retries=False, builds=False)
    assert operation
    return operation


def test_an_app_that_nobody_has_said_anything_of_has_no_formation_and_runs(apps: Apps) -> None:
    known: AppsThatRun = apps
    assert known.formation(HELLO) == {}
    assert not known.stopped(HELLO)
    assert known.route(HELLO) == Route(app=HELLO)
    assert known.route(AppName('nobody')) == Route(app=AppName('nobody'))


def test_a_formation_changes_for_the_types_that_are_named(apps: Apps, journal: Journal) -> None:
    apps.rescale(running(journal), TWO)
    apps.rescale(running(journal), {'worker': Scale(count=1)})
    assert apps.formation(HELLO) == {**TWO, 'worker': Scale(count=1)}
    assert apps.formation(OTHER) == {}


def test_the_first_formation_counts_only_where_nobody_has_said_anything(apps: Apps, journal: Journal) -> None:
    apps.set_first_formation(HELLO, {})
    apps.set_first_formation(HELLO, TWO)
    apps.set_first_formation(HELLO, {'worker': Scale(count=7)})
    assert apps.formation(HELLO) == TWO


def test_an_app_is_stopped_and_started(apps: Apps, journal: Journal) -> None:
    apps.switch(running(journal), on=False)
    assert apps.stopped(HELLO) and not apps.stopped(OTHER)
    apps.switch(running(journal), on=True)
    assert not apps.stopped(HELLO)


def test_an_operation_that_has_ended_changes_nothing(apps: Apps, journal: Journal) -> None:
    operation = running(journal)
    apps.rescale(operation, TWO)
    with pytest.raises(ReleaseError, match='no longer running'):
        apps.switch(operation, on=False)
    with pytest.raises(ReleaseError, match='no longer running'):
        apps.rescale(operation, {'web': Scale(count=9)})
    assert apps.formation(HELLO) == TWO
    assert not apps.stopped(HELLO)


def test_a_route_says_how_an_app_is_served(apps: Apps, journal: Journal) -> None:
    apps.set_maintenance(HELLO, True, by='ann')
    apps.set_sticky(OTHER, True, by='ann')
    if isinstance(apps, FakeAppsThatRun):
        apps.set_domains(HELLO, ['b.example', 'a.example'])
    else:
        for name in ('b.example', 'a.example'):
            journal.domains.add(HELLO, name, by='ann')
    assert apps.route(HELLO) == Route(app=HELLO, domains=('b.example', 'a.example'), maintenance=True)
    assert apps.route(OTHER) == Route(app=OTHER, sticky=True)
    apps.set_maintenance(HELLO, False, by='ann')
    assert not apps.route(HELLO).maintenance
