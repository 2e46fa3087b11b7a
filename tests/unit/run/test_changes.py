"""Scaling, restarts, stop and start of the live release."""

from collections.abc import Callable

import pytest

from gitreceive.model.errors import ReleaseError, RunError, Unhealthy
from gitreceive.model.instance import Scale
from gitreceive.model.operation import OperationRequest, Rescale, Restart, Switch
from gitreceive.run.changes import Changes
from tests.fakes_run import Script
from tests.running import HELLO
from tests.running_receiver import RunningReceiver, refuses


class Done:
    """Ends operations."""

    def __init__(self) -> None:
        self.ended: list[int] = []

    def done(self, operation: object) -> None:
        self.ended.append(operation.number)  # type: ignore[attr-defined]


@pytest.fixture
def operations() -> Done:
    return Done()


@pytest.fixture
def changes(here: RunningReceiver, operations: Done) -> Changes:
    here.deploy()
    return Changes(
        releases=here.releases, apps=here.apps, operations=operations, changeover=here.running.changeover
    )


def change(here: RunningReceiver, handler: Callable[..., None], request: OperationRequest) -> None:
    handler(here.task(request))


def scale(here: RunningReceiver, changes: Changes, **counts: int) -> None:
    change(here, changes.rescale, Rescale(formation={name: Scale(count=n) for name, n in counts.items()}))


def test_more_are_started_and_the_others_stay_as_they_are(here: RunningReceiver, changes: Changes) -> None:
    (before,) = here.engine.found
    scale(here, changes, web=2, worker=1)
    assert here.runs() == ['v1 web.1', 'v1 web.2', 'v1 worker.1']
    assert here.leads() == ['v1 web.1', 'v1 web.2']
    assert before in here.engine.found
    assert here.apps.formations[HELLO] == {'web': Scale(count=2), 'worker': Scale(count=1)}


def test_fewer_leave_with_the_highest_numbers_first(here: RunningReceiver, changes: Changes) -> None:
    scale(here, changes, web=3)
    scale(here, changes, web=1)
    assert here.runs() == here.leads() == ['v1 web.1']


def test_scaling_to_nothing_leaves_an_app_that_is_down(here: RunningReceiver, changes: Changes) -> None:
    scale(here, changes, web=0)
    assert here.runs() == here.leads() == []


def test_new_limits_renew_the_instances_of_that_type_alone(here: RunningReceiver, changes: Changes) -> None:
    scale(here, changes, web=1, worker=1)
    web, worker = sorted(here.engine.found, key=lambda one: one.name)
    limited = {'web': Scale(count=1, memory=64_000_000)}
    change(here, changes.rescale, Rescale(formation=limited))
    assert here.runs() == ['v1 web.1', 'v1 worker.1']
    assert worker in here.engine.found
    assert web not in here.engine.found
    assert here.leads() == ['v1 web.1']


def test_what_does_not_come_up_changes_nothing(here: RunningReceiver, changes: Changes) -> None:
    here.engine.scripts[('run-worker',)] = Script(status=1)
    refuses(Unhealthy, lambda: scale(here, changes, web=2, worker=1))
    assert here.runs() == here.leads() == ['v1 web.1']
    assert HELLO not in here.apps.formations


def test_a_type_that_there_is_not_is_refused_with_those_that_there_are(
    here: RunningReceiver, changes: Changes
) -> None:
    error = refuses(RunError, lambda: scale(here, changes, clock=1))
    assert str(error) == 'hello v1 has no process type "clock"; there are: web, worker'
    scale(here, changes, clock=0)


def test_before_the_first_release_the_formation_is_noted(here: RunningReceiver, operations: Done) -> None:
    changes = Changes(
        releases=here.releases, apps=here.apps, operations=operations, changeover=here.running.changeover
    )
    scale(here, changes, web=2)
    here.deploy()
    assert here.runs() == ['v1 web.1', 'v1 web.2']


def test_a_restart_renews_all_and_new_ones_serve_first(
    here: RunningReceiver, changes: Changes, operations: Done
) -> None:
    scale(here, changes, web=2, worker=1)
    before = {one.id for one in here.engine.found}
    change(here, changes.restart, Restart())
    assert here.runs() == ['v1 web.1', 'v1 web.2', 'v1 worker.1']
    assert not before & {one.id for one in here.engine.found}
    addresses = {each.address for each in here.router.routes[HELLO].endpoints}
    assert addresses == {one.address for one in here.engine.found if one.name.process == 'web'}
    assert len(operations.ended) == 1


@pytest.mark.parametrize(('processes', 'renewed'), [(('web',), 2), (('web.2',), 1), (('web.1', 'worker'), 2)])
def test_a_restart_of_some_renews_those(
    here: RunningReceiver, changes: Changes, processes: tuple[str, ...], renewed: int
) -> None:
    scale(here, changes, web=2, worker=1)
    before = {one.id for one in here.engine.found}
    change(here, changes.restart, Restart(processes=processes))
    assert len(here.runs()) == 3
    assert len({one.id for one in here.engine.found} - before) == renewed


def test_a_restart_of_what_does_not_run_is_refused(here: RunningReceiver, changes: Changes) -> None:
    error = refuses(RunError, lambda: change(here, changes.restart, Restart(processes=('web.7',))))
    assert str(error) == 'hello runs no "web.7"; there is: web, web.1'


def test_a_restart_that_does_not_come_up_leaves_what_runs(here: RunningReceiver, changes: Changes) -> None:
    before = [one.id for one in here.engine.found]
    here.ask = lambda *about: 'nothing accepts on its port'
    refuses(Unhealthy, lambda: change(here, changes.restart, Restart()))
    here.settle()
    assert [one.id for one in here.engine.found] == before
    assert here.leads() == ['v1 web.1']


def test_an_app_is_stopped_and_started(here: RunningReceiver, changes: Changes) -> None:
    change(here, changes.switch, Switch(on=False))
    assert here.runs() == here.leads() == []
    here.running.supervision.look()
    assert here.runs() == []
    change(here, changes.switch, Switch(on=True))
    assert here.runs() == here.leads() == ['v1 web.1']


def test_an_operation_that_has_ended_changes_nothing(here: RunningReceiver, changes: Changes) -> None:
    task = here.task(Switch(on=False))
    here.apps.ended.add(task.operation.number)
    refuses(ReleaseError, lambda: changes.switch(task))
    assert here.runs() == here.leads() == ['v1 web.1']


def test_where_nothing_runs_the_formation_is_noted_and_a_restart_refused(
    here: RunningReceiver, operations: Done
) -> None:
    changes = Changes(releases=here.releases, apps=here.apps, operations=operations, changeover=None)
    scale(here, changes, web=2)
    assert here.apps.formations[HELLO] == {'web': Scale(count=2)}
    error = refuses(RunError, lambda: change(here, changes.restart, Restart()))
    assert 'run.enabled' in str(error)
