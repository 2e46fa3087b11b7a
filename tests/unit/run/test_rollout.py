"""Releases that come up, and those that do not: old or new serves, never none."""

import threading
from collections.abc import Callable

import pytest

from gitreceive.model.errors import (
    BuildCancelled,
    EngineGone,
    GitReceiveError,
    ReleaseCommandFailed,
    ReleaseError,
    RouterError,
    RunError,
    Unhealthy,
)
from gitreceive.model.instance import InstanceState, Scale
from gitreceive.model.needs import Check, Needs, as_record
from gitreceive.model.process import ProcessType
from gitreceive.model.release import ReleaseState
from tests.fakes_run import Script
from tests.running import HELLO
from tests.running_receiver import RunningReceiver, refuses

WITH_RELEASE = tuple(ProcessType(name=name, command=f'run-{name}') for name in ('release', 'web'))


def test_the_first_release_runs_one_web_and_its_address_is_told(here: RunningReceiver) -> None:
    live = here.deploy()
    assert live.state is ReleaseState.LIVE
    assert here.runs() == here.leads() == ['v1 web.1']
    assert [one.state for one in here.engine.found] == [InstanceState.UP]
    assert here.console.steps == ['Releasing v1', 'Starting web.1']
    assert here.console.details == ['http://hello.example.test/ deployed to host']


def test_instances_have_the_config_of_their_release_a_port_and_a_name(here: RunningReceiver) -> None:
    here.apps.formations[HELLO] = {'worker': Scale(count=1, memory=64_000_000, cpus=0.5)}
    here.deploy()
    web, worker = (container.spec for container in here.engine.containers.values())
    assert (web.container.env['NAME'], web.container.env['PORT'], web.container.env['DYNO']) == (
        'value',
        '5000',
        'web.1',
    )
    assert (web.memory, web.cpus, web.published) == (512_000_000, 0.0, False)
    assert (worker.memory, worker.cpus, worker.container.port) == (64_000_000, 0.5, None)


def test_the_next_release_takes_over_and_the_former_ends(here: RunningReceiver) -> None:
    here.deploy()
    here.deploy()
    assert here.runs() == here.leads() == ['v2 web.1']
    assert [one.state for one, _ in here.releases.made and [(here.releases.get(HELLO, 1), 0)]] == [
        ReleaseState.REPLACED
    ]


def test_new_instances_take_requests_only_when_they_are_up(here: RunningReceiver) -> None:
    here.deploy()
    led: list[list[str]] = []

    def asked(*about: object) -> str:
        led.append(here.leads())
        return '' if len(led) > 2 else 'nothing accepts on its port'

    here.ask = asked
    here.deploy()
    assert led == [['v1 web.1']] * 3


def test_old_instances_finish_their_requests_first(here: RunningReceiver) -> None:
    here.deploy()
    (endpoint,) = here.router.routes[HELLO].endpoints
    here.router.requests.add(endpoint)
    here.deploy()
    assert sorted(f'v{one.release}' for one in here.engine.found) == ['v1', 'v2']
    here.router.requests.clear()
    assert here.runs() == ['v2 web.1']


def test_an_instance_that_never_answers_fails_the_release_with_what_it_said_and_where_it_listens(
    here: RunningReceiver,
) -> None:
    here.deploy()
    here.engine.scripts[('run-web',)] = Script(lines=('listening on 3000',))
    here.observed.tables = '   0: 00000000:0BB8 00000000:0000 0A 00000000:00000000'
    here.ask = lambda *about: 'nothing accepts on its port'
    error = refuses(Unhealthy, here.deploy)
    assert str(error).startswith(
        'web.1 of v2 did not come up: after 1 s nothing accepts on its port; it listens on '
    )
    assert '0.0.0.0:3000 and $PORT is 5000' in str(error)
    assert 'web.1: listening on 3000' in here.console.details
    assert here.runs() == here.leads() == ['v1 web.1']
    assert here.releases.states == [ReleaseState.LIVE, ReleaseState.FAILED]


@pytest.mark.parametrize(('status', 'hint'), [(3, ''), (137, 'memory')])
def test_an_instance_that_ends_fails_the_release_at_once(
    here: RunningReceiver, status: int, hint: str
) -> None:
    here.deploy()
    here.engine.scripts[('run-web',)] = Script(lines=('no database',), status=status)
    here.ask = lambda *about: 'nothing accepts on its port'
    error = refuses(Unhealthy, here.deploy)
    assert f'it has ended with exit status {status}' in str(error) and hint in str(error)
    assert here.console.details[-1] == 'web.1: no database'
    assert here.runs() == here.leads() == ['v1 web.1']


def test_one_of_several_that_fails_fails_all(here: RunningReceiver) -> None:
    here.apps.formations[HELLO] = {'worker': Scale(count=2)}
    here.engine.scripts[('run-worker',)] = Script(status=1)
    assert 'worker.' in str(refuses(Unhealthy, here.deploy))
    assert here.runs() == []
    assert here.releases.live(HELLO) is None


def broken_router(here: RunningReceiver) -> None:
    here.router.broken = True


def refused_process(here: RunningReceiver) -> None:
    here.engine.refused.add('web')


def missing_image(here: RunningReceiver) -> None:
    here.engine.missing.add((HELLO, 2))


def cancelled(here: RunningReceiver) -> None:
    def ask(*about: object) -> str:
        here.clock.stop(BuildCancelled('cancelled by ann'))
        return ''

    here.ask = ask


def ended_meanwhile(here: RunningReceiver) -> None:
    here.releases.ended.add(2)


@pytest.mark.parametrize(
    ('trouble', 'error'),
    [
        (broken_router, RouterError),
        (refused_process, RunError),
        (missing_image, RunError),
        (cancelled, BuildCancelled),
        (ended_meanwhile, ReleaseError),
    ],
)
def test_whatever_goes_wrong_the_old_release_serves_and_nothing_of_the_new_stays(
    here: RunningReceiver, trouble: Callable[[RunningReceiver], None], error: type[GitReceiveError]
) -> None:
    here.deploy()
    task = here.task()
    release = here.create(task)
    trouble(here)
    refuses(error, lambda: here.running.rollout(task, release))
    here.router.broken = False
    assert here.runs() == here.leads() == ['v1 web.1']
    assert here.releases.states == [ReleaseState.LIVE, ReleaseState.FAILED]


def test_an_engine_that_goes_away_is_told(here: RunningReceiver) -> None:
    here.deploy()

    def ask(*about: object) -> str:
        here.engine.gone = True
        return ''

    here.ask = ask
    refuses(EngineGone, here.deploy)
    here.settle()
    here.engine.gone = False
    assert here.leads() == ['v1 web.1']
    here.running.supervision.look()
    assert here.runs() == ['v1 web.1']


def test_the_release_command_runs_before_anything_switches(here: RunningReceiver) -> None:
    here.engine.scripts[('run-release',)] = Script(lines=('migrated',), status=0)
    here.deploy(processes=WITH_RELEASE)
    assert here.engine.calls[:2] == ['run hello v1 release.1', 'start hello v1 web.1']
    assert 'migrated' in here.console.details


def test_a_release_command_that_fails_fails_the_release(here: RunningReceiver) -> None:
    here.deploy()
    here.engine.scripts[('run-release',)] = Script(lines=('no table',), status=4)
    error = refuses(ReleaseCommandFailed, lambda: here.deploy(processes=WITH_RELEASE))
    assert 'exit status 4' in str(error)
    assert here.runs() == here.leads() == ['v1 web.1']
    assert here.releases.states[-1] is ReleaseState.FAILED


def test_postdeploy_runs_once_after_the_first_release(here: RunningReceiver) -> None:
    here.engine.scripts[('seed',)] = Script(lines=('seeded',), status=1)
    for _ in range(2):
        assert here.deploy(running=as_record(Needs(postdeploy='seed'))).state is ReleaseState.LIVE
    assert [str(spec.name) for spec in here.oneoff.ran] == ['postdeploy.1']
    assert here.console.warnings == ['scripts.postdeploy has ended with exit status 1']


def test_the_first_release_begins_with_the_formation_of_app_json(here: RunningReceiver) -> None:
    here.deploy(running=as_record(Needs(formation={'web': 2, 'worker': 1})))
    assert here.runs() == ['v1 web.1', 'v1 web.2', 'v1 worker.1']
    here.deploy(running=as_record(Needs(formation={'web': 9})))
    assert here.runs() == ['v2 web.1', 'v2 web.2', 'v2 worker.1']


def test_checks_of_app_json_are_asked(here: RunningReceiver) -> None:
    asked: list[Check] = []
    here.ask = lambda instance, check, lived: asked.append(check) or ''  # type: ignore[func-returns-value]
    check = Check(path='/up', content='ok', headers={'Host': 'a'}, timeout=2.0)
    here.deploy(running=as_record(Needs(checks={'web': (check,)})))
    assert asked == [check]


def test_a_stopped_app_gets_a_release_and_no_instances(here: RunningReceiver) -> None:
    here.apps.off.add(HELLO)
    assert here.deploy().state is ReleaseState.LIVE
    assert here.runs() == here.leads() == []
    assert here.console.warnings == ['hello is stopped: "ps start hello" starts it']
    assert here.console.details == []


@pytest.mark.parametrize(
    ('names', 'told'),
    [
        (('worker', 'release'), 'its formation has no instances; "ps scale hello worker=1" starts worker'),
        (('release',), 'it has no process types'),
    ],
)
def test_that_nothing_runs_is_told(here: RunningReceiver, names: tuple[str, ...], told: str) -> None:
    here.engine.scripts[('x',)] = Script(status=0)
    assert here.deploy(processes=tuple(ProcessType(name=name, command='x') for name in names))
    assert here.console.warnings == [f'Nothing of hello runs: {told}']


def test_what_crashes_after_the_switch_is_started_again(here: RunningReceiver) -> None:
    here.deploy()
    (instance,) = here.engine.found
    here.engine.end(instance)
    (again,) = here.engine.found
    assert (again.state, again.restarts) == (InstanceState.UP, 1)


def test_two_changes_of_an_app_follow_each_other(here: RunningReceiver) -> None:
    threads = [threading.Thread(target=here.deploy) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(here.runs()) == 1
    assert here.runs() == here.leads()
