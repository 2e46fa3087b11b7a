"""The part of the daemon that runs releases: it begins, ends, and keeps the images that are needed."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from gitreceive.config.settings import RunSettings
from gitreceive.daemon.runs import Runs, remove_run_images
from gitreceive.model.cancellation import NEVER
from gitreceive.model.operation import OperationState
from gitreceive.model.release import Release
from gitreceive.model.slug import StoredSlug
from gitreceive.run.parts import Running, put_together
from tests.fakes_router import FakeRouter
from tests.fakes_run import FakeEngine, FakeImages, FakeIsolation
from tests.receiver_home import ANN, HELLO, ReceiverHome
from tests.releases import release_of
from tests.running_receiver import fake_ports
from tests.waiting import within


@pytest.fixture
def engine() -> FakeEngine:
    return FakeEngine()


@pytest.fixture
def router() -> FakeRouter:
    return FakeRouter()


@pytest.fixture
def running(here: ReceiverHome, engine: FakeEngine, router: FakeRouter) -> Running:
    return put_together(
        fake_ports(engine, router),
        releases=here.journal.releases,
        apps=here.journal.running,
        known=here.journal.apps.all,
        settings=RunSettings(),
        told='host',
        ask=lambda *about: '',
    )


def created(here: ReceiverHome) -> Release:
    """A release that is to be live."""
    here.queue.submit(HELLO, here.update(here.commit()), ANN)
    operation = here.journal.operations.claim(retries=False)
    assert operation
    release = release_of(operation, StoredSlug(sha256=operation.commit + '0' * 24, size=7))
    return here.journal.releases.create(operation, release, {})


def live(here: ReceiverHome) -> Release:
    release = created(here)
    operation = here.journal.operations.get(release.operation)
    assert operation
    return here.journal.releases.go_live(operation, release)


def failed(here: ReceiverHome) -> Release:
    release = created(here)
    here.journal.releases.fail(release)
    here.journal.operations.finish(release.operation, OperationState.FAILED, 'no')
    return release


@pytest.fixture
def begun(running: Running) -> Iterator[Runs]:
    made = Runs(running, lambda: ['cedar-12'])
    made.start()
    yield made
    made.close()


def test_from_its_start_the_router_leads_and_the_engine_is_prepared(
    running: Running, router: FakeRouter, begun: Runs
) -> None:
    images = running.ports.images
    assert isinstance(images, FakeImages)
    assert within(20, lambda: router.begun and images.prepared == ['cedar-12'])


def test_an_engine_that_is_away_does_not_keep_it_from_starting_and_ending(
    running: Running, engine: FakeEngine, caplog: pytest.LogCaptureFixture
) -> None:
    engine.gone = True
    made = Runs(running, lambda: ['cedar-12'])
    made.start()
    assert within(20, lambda: 'the engine is not prepared for releases' in caplog.text)
    made.close()


def test_that_instances_are_not_kept_apart_is_said_once(
    here: ReceiverHome, running: Running, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr('gitreceive.run.supervise.SECONDS', 0.01)
    walls = FakeIsolation('nft is not installed')
    made = Runs(replace(running, ports=replace(running.ports, isolation=walls, routed=False)), list)
    made.start()
    assert within(20, lambda: walls.asked > 2)
    made.close()
    assert caplog.text.count('nft is not installed') == 1
    assert caplog.text.count('instances get ports of their own') == 1


def test_images_stay_of_what_is_live_what_is_to_be_and_what_was_live_before(
    here: ReceiverHome, running: Running, engine: FakeEngine
) -> None:
    releases = [live(here), live(here), failed(here), live(here), created(here)]
    for release in releases:
        running.ports.images.ensure(release, NEVER)
    assert remove_run_images(here.journal, running) == 2
    assert sorted(version for _, version in engine.images) == [2, 4, 5]


def test_releases_of_operations_that_have_ended_are_failed_at_the_next_start(here: ReceiverHome) -> None:
    first, second = live(here), created(here)
    assert here.journal.releases.fail_abandoned() == 0
    here.journal.operations.finish(second.operation, OperationState.FAILED, 'the daemon died twice')
    assert here.journal.releases.fail_abandoned() == 1
    states = [release.state.value for release in here.journal.releases.of(HELLO)]
    assert states == ['failed', 'live']
    assert here.journal.releases.live(HELLO) == first
