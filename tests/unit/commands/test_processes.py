"""Processes: which instances there are, how many there are to be, and what each may use."""

import os
from dataclasses import replace

import pytest

from gitreceive.commands.formation import LimitChange, limit, list_formation, read_counts, scale
from gitreceive.commands.processes import InstanceInfo, list_instances, restart, switch
from gitreceive.model.errors import BadCommand, UnknownApp
from gitreceive.model.instance import Instance, InstanceName, InstanceState, Scale, Usage
from gitreceive.model.operation import Operation, OperationState, Rescale, Restart, Switch
from gitreceive.model.process import ProcessType
from gitreceive.model.slug import StoredSlug
from gitreceive.run.ports import Observed
from tests.fakes_run import FakeEngine, FakeInstances
from tests.releases import release_of
from tests.unit.commands.conftest import ANN, BOB, EVE, HELLO, OTHER, Receiver

TYPES = tuple(ProcessType(name=name, command=f'./{name}') for name in ('web', 'worker', 'release'))


@pytest.fixture
def app(receiver: Receiver) -> Receiver:
    """hello runs v1 of three process types."""
    receiver.push()
    operation = receiver.journal.operations.claim(builds=True, retries=False)
    assert operation
    release = release_of(operation, StoredSlug(sha256='a' * 64, size=1), processes=TYPES)
    receiver.journal.releases.record(operation, release, {})
    return receiver


def instance(name: str, number: int = 1, **said: object) -> Instance:
    made = Instance(
        id=f'{name}{number}',
        app=HELLO,
        release=1,
        name=InstanceName(name, number),
        state=InstanceState.UP,
        since=9.0,
    )
    return replace(made, **said)  # type: ignore[arg-type]


class Found(FakeInstances):
    """An engine in which these instances are."""

    def __init__(self, *found: Instance) -> None:
        super().__init__(FakeEngine())
        self._these = found

    def find(self, app=None):
        return [one for one in self._these if app in (None, one.app)]


class Using(Observed):
    """Those that are up use something."""

    def usage(self, instances):
        return {
            one.id: Usage(memory=1, memory_limit=2, cpus=0.5)
            for one in instances
            if one.state is InstanceState.UP
        }


def ps(receiver: Receiver, *found: Instance, actor=ANN, app=HELLO) -> list[InstanceInfo]:
    return list_instances(actor, app, receiver.home, receiver.journal, Found(*found), Using())


def test_what_runs_is_listed_with_what_it_uses_and_what_is_missing(app: Receiver) -> None:
    crashed = instance('worker', state=InstanceState.CRASHED, exit_status=3, restarts=4)
    app.journal.running.set_first_formation(HELLO, {'worker': Scale(count=2), 'web': Scale(count=1)})
    found = ps(app, crashed, instance('web'))
    assert [(str(one.name), one.state, one.release) for one in found] == [
        ('web.1', 'up', 1),
        ('worker.1', 'crashed (3)', 1),
        ('worker.2', 'down', 1),
    ]
    assert [one.usage.cpus if one.usage else None for one in found] == [0.5, None, None]


def test_what_still_runs_of_an_older_release_is_listed_too(app: Receiver) -> None:
    old = instance('web', release=0, id='old')
    assert [(one.release, one.state) for one in ps(app, old)] == [(1, 'down'), (0, 'up')]


def test_nothing_is_missing_of_an_app_that_was_stopped(app: Receiver) -> None:
    operation = run(app, switch(ANN, HELLO, False, app.home, app.journal, app.submit))
    app.journal.running.switch(operation, on=False)
    assert ps(app) == []


def test_without_an_app_those_are_listed_that_the_actor_reaches(app: Receiver) -> None:
    app.app(OTHER)
    other = instance('web', app=OTHER, id='other')
    assert {one.app for one in ps(app, instance('web'), other, actor=BOB, app=None)} == {HELLO}
    assert {one.app for one in ps(app, instance('web'), other, app=None)} == {HELLO, OTHER}
    with pytest.raises(UnknownApp):
        ps(app, actor=EVE)


def run(receiver: Receiver, operation: Operation) -> Operation:
    claimed = receiver.journal.operations.claim(builds=False, retries=False)
    assert claimed and claimed.number == operation.number
    return claimed


def scaled(receiver: Receiver, **counts: int) -> Rescale:
    operation = scale(BOB, HELLO, counts, receiver.home, receiver.journal, receiver.submit)
    assert isinstance(operation.request, Rescale)
    return operation.request


def test_what_is_named_is_scaled_and_keeps_its_limits(app: Receiver) -> None:
    app.journal.running.set_first_formation(HELLO, {'worker': Scale(count=1, memory=99, cpus=0.5)})
    assert scaled(app, worker=3).formation == {'worker': Scale(count=3, memory=99, cpus=0.5)}
    assert scaled(app, web=0, worker=0).formation['web'] == Scale(count=0)


def test_a_change_counts_those_that_are_under_way(app: Receiver) -> None:
    limits = LimitChange(memory='64M', cpus=None)
    scaled(app, web=5)
    done = limit(BOB, HELLO, 'web', limits, app.home, app.journal, app.submit)
    assert done.request == Rescale(formation={'web': Scale(count=5, memory=64_000_000)})
    assert scaled(app, web=2).formation == {'web': Scale(count=2, memory=64_000_000)}
    app.journal.operations.finish(done.number, OperationState.CANCELLED, 'no')


@pytest.mark.parametrize(
    ('counts', 'why'),
    [
        ({'nope': 1}, "no process type 'nope'; there are: web, worker"),
        ({'release': 1}, "no process type 'release'"),
        ({'web': -1}, 'less than none'),
        ({'web': 10_000}, '10,000 instances: an app has at most 100'),
        ({'web': 60, 'worker': 60}, '120 instances'),
    ],
)
def test_what_cannot_be_scaled_is_refused_with_the_reason(
    app: Receiver, counts: dict[str, int], why: str
) -> None:
    with pytest.raises(BadCommand, match=why):
        scaled(app, **counts)
    assert app.submitted == []


@pytest.mark.parametrize(
    'word', ['web', 'web=', '=1', 'web=x', 'web=1.5', 'web=²', 'web=9999999999', 'web=--1']
)
def test_what_is_no_count_is_refused(word: str) -> None:
    with pytest.raises(BadCommand, match='is not TYPE=NUMBER'):
        read_counts([word])


def test_counts_are_read_by_type() -> None:
    assert read_counts(['web=2', 'worker=0', 'x=-1']) == {'web': 2, 'worker': 0, 'x': -1}


def test_without_a_release_there_is_nothing_to_scale_or_restart(receiver: Receiver) -> None:
    receiver.app()
    for act in (
        lambda: scaled(receiver, web=1),
        lambda: restart(ANN, HELLO, [], receiver.home, receiver.journal, receiver.submit),
        lambda: switch(ANN, HELLO, True, receiver.home, receiver.journal, receiver.submit),
        lambda: list_formation(ANN, HELLO, receiver.home, receiver.journal),
    ):
        with pytest.raises(BadCommand, match='no release yet'):
            act()


def test_process_types_are_listed_with_how_they_are_scaled(app: Receiver) -> None:
    found = list_formation(BOB, HELLO, app.home, app.journal)
    assert [(one.process, one.scale.count, one.command) for one in found] == [
        ('web', 1, './web'),
        ('worker', 0, './worker'),
    ]


@pytest.mark.parametrize(
    ('limits', 'scale'),
    [
        (LimitChange(memory='512M', cpus='0.5'), Scale(count=1, memory=512_000_000, cpus=0.5)),
        (LimitChange(memory='64Mi', cpus=None), Scale(count=1, memory=64 << 20, cpus=0.25)),
        (LimitChange(memory='16000000', cpus=None), Scale(count=1, memory=16_000_000, cpus=0.25)),
        (LimitChange(memory=None, cpus='default'), Scale(count=1, memory=7)),
        (LimitChange(memory='default', cpus='1'), Scale(count=1, cpus=1.0)),
    ],
)
def test_limits_change_as_far_as_they_are_given(app: Receiver, limits: LimitChange, scale: Scale) -> None:
    app.journal.running.set_first_formation(HELLO, {'web': Scale(count=1, memory=7, cpus=0.25)})
    done = limit(BOB, HELLO, 'web', limits, app.home, app.journal, app.submit)
    assert done.request == Rescale(formation={'web': scale})


@pytest.mark.parametrize(
    ('memory', 'cpus', 'why'),
    [
        ('much', None, 'is no size'),
        ('-1M', None, 'is no size'),
        ('1', None, 'memory is at least 16M'),
        ('999999G', None, 'what this host has'),
        (None, 'nan', 'number of cores'),
        (None, '0', 'number of cores'),
        (None, str((os.cpu_count() or 1) + 1), 'number of cores'),
        (None, '1e9', 'number of cores'),
        (None, '1.2.3', 'number of cores'),
    ],
)
def test_what_is_no_limit_is_refused(app: Receiver, memory: str | None, cpus: str | None, why: str) -> None:
    with pytest.raises(BadCommand, match=why):
        limit(BOB, HELLO, 'web', LimitChange(memory=memory, cpus=cpus), app.home, app.journal, app.submit)
    with pytest.raises(BadCommand, match='no process type'):
        limit(BOB, HELLO, 'no', LimitChange(memory=None, cpus=None), app.home, app.journal, app.submit)


def test_all_or_some_of_it_is_restarted(app: Receiver) -> None:
    def names(*words: str) -> Operation:
        return restart(BOB, HELLO, words, app.home, app.journal, app.submit)

    assert names().request == Restart()
    assert names('web.1').request == Restart(processes=('web.1',))
    for word in ('worker', 'web.2', 'no'):
        with pytest.raises(BadCommand, match=f"hello runs no '{word}'; there is: web, web.1"):
            names(word)


def test_an_app_is_stopped_once_and_started_once(app: Receiver) -> None:
    def turn(on: bool) -> Operation:
        return switch(BOB, HELLO, on, app.home, app.journal, app.submit)

    with pytest.raises(BadCommand, match='hello runs already'):
        turn(True)
    stop = turn(False)
    assert stop.request == Switch(on=False)
    app.journal.running.switch(run(app, stop), on=False)
    with pytest.raises(BadCommand, match='is stopped already'):
        turn(False)
    with pytest.raises(BadCommand, match='ps start hello'):
        restart(BOB, HELLO, [], app.home, app.journal, app.submit)
    assert turn(True).request == Switch(on=True)
