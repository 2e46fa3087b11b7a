"""A command of the live release gets its own container, and leaves with whoever asked for it."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from gitreceive.config.settings import RunSettings
from gitreceive.model.access import Actor
from gitreceive.model.errors import BuildCancelled, BuildTimeout, RunError
from gitreceive.model.operation import Operation, OperationState, redeploy
from gitreceive.model.push import NO_COMMIT
from gitreceive.model.release import Release
from gitreceive.model.slug import StoredSlug
from gitreceive.model.terminal import Terminal, Window
from gitreceive.run.attached import GROUP
from gitreceive.run.oneoff import OneOffs
from tests.fakes_attached import FakeCommands
from tests.fakes_run import FakeEngine, FakeImages
from tests.releases import release_of
from tests.running import HELLO, OTHER

DEPLOY = Operation(
    number=1,
    app=HELLO,
    request=redeploy(NO_COMMIT, 'refs/heads/main'),
    actor=Actor(name='ann'),
    state=OperationState.SUCCEEDED,
)
LIVE = release_of(DEPLOY, StoredSlug(sha256='0' * 64, size=1), version=4)


class Releases:
    def live(self, app: str) -> Release | None:
        return LIVE if app == HELLO else None

    def config(self, release: Release) -> dict[str, str]:
        assert release is LIVE
        return {'COLOUR': 'red', 'PORT': '1', 'DYNO': 'mine'}


class Caller:
    """Goes when a test says so."""

    def __init__(self) -> None:
        self.actions: list[Callable[[], None]] = []

    @contextmanager
    def when_gone(self, action: Callable[[], None]) -> Iterator[None]:
        self.actions.append(action)
        try:
            yield
        finally:
            self.actions.remove(action)

    def goes(self) -> None:
        for action in list(self.actions):
            action()


class Rig:
    def __init__(self, seconds: int = 60) -> None:
        self.engine, self.commands, self.caller = FakeEngine(), FakeCommands(), Caller()
        self.images = FakeImages(self.engine)
        settings = RunSettings(memory_bytes=1_000_000, millicpus=500, pids=7, command_seconds=seconds)
        self.oneoffs = OneOffs(self.images, self.commands, Releases(), settings)  # type: ignore[arg-type]

    def begin(self, command: str = 'sleep 1000', terminal: Terminal | None = None, app=HELLO):  # type: ignore[no-untyped-def]
        return self.oneoffs.begin(app, command, terminal, self.caller.when_gone)


def test_it_has_the_live_release_with_its_config_vars_and_the_limits_of_an_instance() -> None:
    rig = Rig()
    with rig.begin('true', Terminal('xterm', Window(3, 4))) as running:
        assert running.status() == 0
    assert rig.images.fetched == [(HELLO, 4)]
    (spec,) = rig.commands.begun
    assert (spec.app, spec.release, str(spec.name)) == (HELLO, 4, 'run.1')
    assert (spec.memory, spec.cpus, spec.container.sandbox.pids) == (1_000_000, 0.5, 7)
    assert (spec.container.user, spec.container.port, spec.container.sandbox.logged) == ('app', None, False)
    wanted = {'COLOUR': 'red', 'PORT': '5000', 'DYNO': 'run.1', 'HOME': '/app', 'TERM': 'xterm', GROUP: '1'}
    assert spec.container.env == wanted


def test_those_that_run_at_once_have_names_of_their_own() -> None:
    rig = Rig()
    with rig.begin():
        with rig.begin():
            pass
        with rig.begin():
            pass
    with rig.begin():
        pass
    assert [str(spec.name) for spec in rig.commands.begun] == ['run.1', 'run.2', 'run.2', 'run.1']


def test_without_a_live_release_there_is_nothing_to_run() -> None:
    with pytest.raises(RunError, match='other has no release'), Rig().begin(app=OTHER):
        pass


def test_it_ends_with_its_caller() -> None:
    rig = Rig()
    with pytest.raises(BuildCancelled, match='gone'), rig.begin() as running:
        rig.caller.goes()
        assert list(running.output()) == []
    assert not rig.commands.running
    assert not rig.caller.actions


def test_it_ends_when_its_time_is_over() -> None:
    with pytest.raises(BuildTimeout), Rig(seconds=1).begin() as running:
        assert list(running.output()) == []


def test_a_caller_that_goes_while_the_image_is_fetched_starts_nothing() -> None:
    rig = Rig()
    fetching, go_on = threading.Event(), threading.Event()
    ensure = rig.images.ensure

    def slow(release, cancellation):  # type: ignore[no-untyped-def]
        fetching.set()
        go_on.wait(10)
        return ensure(release, cancellation)

    rig.images.ensure = slow  # type: ignore[method-assign]
    threading.Thread(target=lambda: (fetching.wait(10), rig.caller.goes(), go_on.set())).start()
    with pytest.raises(BuildCancelled), rig.begin():
        pass
    assert not rig.commands.begun


def test_all_end_with_the_receiver_and_none_begins_then() -> None:
    rig = Rig()
    with pytest.raises(BuildCancelled, match='ending'), rig.begin() as running:
        closing = threading.Thread(target=rig.oneoffs.close, args=(10,))
        closing.start()
        assert list(running.output()) == []
    closing.join(10)
    assert not closing.is_alive()
    with pytest.raises(BuildCancelled, match='ending'), rig.begin():
        pass


def test_those_of_an_app_that_goes_end_and_others_go_on() -> None:
    rig = Rig()
    rig.oneoffs.end(OTHER)
    with pytest.raises(BuildCancelled, match='hello is being removed'), rig.begin() as running:
        rig.oneoffs.end(OTHER)
        running.write(b'')
        assert rig.commands.running
        ending = threading.Thread(target=rig.oneoffs.end, args=(HELLO, 10))
        ending.start()
        assert list(running.output()) == []
    ending.join(10)
    assert not ending.is_alive()
    assert not rig.commands.running
