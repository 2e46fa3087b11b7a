"""What runs is made to agree with what is to run, whatever has happened."""

import threading

import pytest

from gitreceive.model.errors import EngineGone, RouterError
from gitreceive.model.instance import InstanceState, Scale
from gitreceive.model.release import Release, ReleaseState
from gitreceive.run.supervise import SupervisingThread
from tests.running import HELLO, OTHER
from tests.running_receiver import RunningReceiver, refuses
from tests.waiting import within


class Killed(BaseException):
    """``kill -9`` of the daemon."""


@pytest.fixture
def live(here: RunningReceiver) -> Release:
    return here.deploy()


def test_a_missing_instance_is_started_and_takes_requests_once_it_is_up(
    here: RunningReceiver, live: Release
) -> None:
    here.apps.formations[HELLO] = {'web': Scale(count=2)}
    here.ask = lambda *about: 'nothing accepts on its port'
    assert here.running.supervision.look()
    assert here.runs() == ['v1 web.1', 'v1 web.2']
    assert here.leads() == ['v1 web.1']
    here.ask = lambda *about: ''
    assert not here.running.supervision.look()
    assert here.leads() == ['v1 web.1', 'v1 web.2']
    assert {one.state for one in here.engine.found} == {InstanceState.UP}


def test_an_engine_that_has_lost_everything_gets_it_again(here: RunningReceiver, live: Release) -> None:
    here.engine.containers.clear()
    here.engine.images.clear()
    here.running.supervision.look()
    assert here.runs() == here.leads() == ['v1 web.1']


def test_what_is_not_to_run_leaves_after_its_requests(here: RunningReceiver, live: Release) -> None:
    here.apps.formations[HELLO] = {'web': Scale(count=0)}
    here.running.supervision.look()
    assert here.runs() == here.leads() == []


def test_apps_that_are_gone_leave_nothing(here: RunningReceiver, live: Release) -> None:
    here.releases.states[0] = ReleaseState.FAILED
    here.all_apps = []
    here.running.supervision.look()
    assert here.runs() == []
    assert HELLO not in here.router.routes


def test_a_look_that_finds_all_well_changes_nothing(here: RunningReceiver, live: Release) -> None:
    calls, told = list(here.engine.calls), list(here.router.told)
    assert not here.running.supervision.look()
    assert (here.engine.calls, here.router.told) == (calls, told)


def test_an_app_that_is_being_changed_is_left_alone(here: RunningReceiver, live: Release) -> None:
    here.engine.containers.clear()
    with here.running.changeover.locks.held(HELLO):
        here.running.supervision.look()
    assert here.runs() == []


def test_what_cannot_be_started_is_left_alone_for_a_while(here: RunningReceiver, live: Release) -> None:
    here.engine.containers.clear()
    here.engine.refused.add('web')
    here.running.supervision.look()
    tried = len(here.engine.calls)
    here.running.supervision.look()
    assert len(here.engine.calls) == tried


def test_an_engine_that_is_gone_is_looked_for_again(here: RunningReceiver, live: Release) -> None:
    here.engine.gone = True
    with pytest.raises(EngineGone):
        here.running.supervision.look()
    here.engine.gone = False
    here.running.supervision.look()
    assert here.leads() == ['v1 web.1']


def test_a_new_daemon_leads_to_what_runs_at_once(here: RunningReceiver, live: Release) -> None:
    here.router.routes.clear()
    calls = list(here.engine.calls)
    here.restarted().supervision.look()
    assert here.leads() == ['v1 web.1']
    assert here.router.begun == 2
    assert here.engine.calls == calls


def test_another_look_goes_on_where_one_app_fails(here: RunningReceiver, live: Release) -> None:
    here.all_apps = [OTHER, HELLO]
    here.engine.containers.clear()
    here.running.supervision.look()
    assert here.runs() == ['v1 web.1']


POINTS = ('release.starting', 'instances.up', 'route.switched', 'change.committed', 'instances.kept')


@pytest.mark.parametrize('where', POINTS)
@pytest.mark.parametrize('first', [False, True])
def test_after_a_death_in_a_switch_the_release_of_the_journal_serves(
    here: RunningReceiver, monkeypatch: pytest.MonkeyPatch, where: str, first: bool
) -> None:
    if not first:
        here.deploy()

    def die(name: str) -> None:
        if name == where:
            raise Killed

    for module in ('changeover', 'rollout'):
        monkeypatch.setattr(f'gitreceive.run.{module}.point', die)
    # A dead process cleans nothing up.
    monkeypatch.setattr(type(here.running.retiring), 'retire', lambda *given: None)
    monkeypatch.setattr(type(here.running.traffic), '_lead_back', lambda *given: None)
    monkeypatch.setattr(type(here.releases), 'fail', lambda *given: None)
    with pytest.raises(Killed):
        here.deploy()
    monkeypatch.undo()
    here.restarted().supervision.look()
    release = here.releases.live(HELLO)
    expected = [f'v{release.version} web.1'] if release else []
    assert here.runs() == expected
    assert (here.leads() if release else []) == expected
    assert all(one.state is InstanceState.UP for one in here.engine.found)


def test_the_supervisor_looks_when_something_ends(here: RunningReceiver, live: Release) -> None:
    looked = threading.Event()
    supervisor = SupervisingThread(here.running.supervision, here.instances, looked.set)
    supervisor.start()
    try:
        assert looked.wait(20)
        (instance,) = here.engine.found
        here.instances.stop(instance, 0)
        assert within(20, lambda: bool(here.engine.found))
        assert within(20, lambda: here.leads() == ['v1 web.1'])
    finally:
        supervisor.close()
        supervisor.join(20)
    assert not supervisor.is_alive()


def test_a_router_that_cannot_begin_fails_a_rollout_with_the_reason(
    here: RunningReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr('gitreceive.run.traffic.BEGIN_SECONDS', 0.01)
    here.restarted()
    here.router.broken = True
    refuses(RouterError, here.running.supervision.look)
    here.router.broken = False
    error = refuses(RouterError, here.deploy)
    assert str(error) == 'the router has not begun: the router does not answer'
    here.settle()
    here.running.supervision.look()
    here.deploy()
    assert here.leads() == ['v2 web.1']


def test_an_engine_that_is_gone_is_told_once(
    here: RunningReceiver, live: Release, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr('gitreceive.run.supervise.SECONDS', 0.01)
    here.engine.gone = True
    looks = threading.Semaphore(0)
    supervisor = SupervisingThread(here.running.supervision, here.instances, looks.release)
    supervisor.start()
    for _ in range(3):
        assert looks.acquire(timeout=20)
    supervisor.close()
    supervisor.join(20)
    assert caplog.text.count('what runs cannot be looked at') == 1


def test_a_router_begins_with_all_apps_whichever_is_looked_at_first(
    here: RunningReceiver, live: Release, monkeypatch: pytest.MonkeyPatch
) -> None:
    here.all_apps = [HELLO, OTHER]
    monkeypatch.setattr(here.releases, 'live', lambda app: live if app == HELLO else None)
    here.restarted().supervision.look([OTHER])
    assert here.leads() == ['v1 web.1']
