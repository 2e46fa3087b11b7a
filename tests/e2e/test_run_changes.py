"""Scaling, restarts, config vars and the like while an app is asked all the time; and what is around it dies."""

import os
import signal
import threading
from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest

from tests.e2e.receiver import Pusher, Wire, change, make_app
from tests.e2e.running import APP, RunningReceiver
from tests.waiting import within

_numbers = count(1)


@pytest.fixture(scope='module')
def wire(tmp_path_factory: pytest.TempPathFactory, docker_host: str) -> Wire:
    return Wire(tmp_path_factory.mktemp('wire') / 's', docker_host)


@pytest.fixture(scope='module')
def ann(receivers: Callable[..., Pusher], tmp_path_factory: pytest.TempPathFactory, wire: Wire) -> Pusher:
    folder = tmp_path_factory.mktemp('receiver')
    pusher = receivers(folder, RunningReceiver, DOCKER_HOST=f'unix://{wire.path}')
    pusher.receiver.start()
    return pusher


@pytest.fixture(scope='module')
def receiver(ann: Pusher) -> RunningReceiver:
    assert isinstance(ann.receiver, RunningReceiver)
    return ann.receiver


@pytest.fixture
def app() -> str:
    return f'change-{next(_numbers)}'


@pytest.fixture
def work(tmp_path: Path, ann: Pusher, app: str) -> Path:
    """A working directory of an app that runs."""
    made = make_app(tmp_path / 'work', APP)
    pushed = ann.push(made, app)
    assert pushed.status == 0, pushed.err
    return made


def done(receiver: RunningReceiver, *words: str) -> str:
    """What a command of the sysadmin's says, which succeeds."""
    said = receiver.host(*words)
    assert said.status == 0, said.out + said.err
    return said.out


def test_no_request_is_lost_when_an_app_is_scaled_restarted_and_configured(
    receiver: RunningReceiver, app: str, work: Path
) -> None:
    with receiver.asked(app) as asked:
        done(receiver, 'ps', 'scale', app, 'web=3', 'worker=1')
        receiver.settles_to(app, 'v1 web.1', 'v1 web.2', 'v1 web.3', 'v1 worker.1')
        done(receiver, 'ps', 'restart', app, 'web')
        done(receiver, 'config', 'set', app, 'GREETING=hello you')
        assert receiver.get(app)[1].endswith('hello you')
        done(receiver, 'ps', 'scale', app, 'web=1', 'worker=0')
        receiver.settles_to(app, 'v2 web.1')
    assert asked.lost == []


@pytest.mark.slow
def test_config_vars_that_an_app_does_not_come_up_with_leave_the_old_ones_serving(
    receiver: RunningReceiver, app: str, work: Path
) -> None:
    said = receiver.host('config', 'set', app, 'MODE=dies')
    assert said.status != 0
    assert 'web.1 of v2 did not come up' in said.out + said.err
    assert receiver.says(app) == 'one'
    receiver.settles_to(app, 'v1 web.1')


def test_everything_at_once_ends_with_one_release_that_serves(
    ann: Pusher, receiver: RunningReceiver, app: str, work: Path
) -> None:
    change(work, {'version': b'two'})
    assert ann.push(work, app).status == 0
    with receiver.asked(app) as asked:
        change(work, {'version': b'three'})
        pushing = ann.start_push(work, app)
        commands = [('ps', 'scale', app, 'web=2'), ('rollback', app, 'v1'), ('ps', 'restart', app)]
        threads = [threading.Thread(target=receiver.host, args=words) for words in commands]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(120)
        pushing.end()
        receiver.settled(app)
    assert asked.lost == []
    live = [release for release in receiver.releases(app) if release.state.value == 'live']
    assert len(live) == 1
    version = live[0].version
    receiver.settles_to(app, f'v{version} web.1', f'v{version} web.2')


@pytest.mark.slow
def test_a_router_that_is_killed_is_started_again_and_leads_where_it_led(
    receiver: RunningReceiver, app: str, work: Path
) -> None:
    for pid in router_processes(receiver):
        os.kill(pid, signal.SIGKILL)
    assert within(30, lambda: answers(receiver, app) == 'one')


@pytest.mark.slow
def test_while_the_engine_is_away_requests_are_answered_and_a_change_is_told_why_it_waits(
    receiver: RunningReceiver, wire: Wire, app: str, work: Path
) -> None:
    with receiver.asked(app) as asked:
        wire.cut()
        said = receiver.host('ps', 'restart', app)
        assert said.status != 0
        assert 'went away' in said.out + said.err
        wire.join()
        assert within(30, lambda: receiver.host('ps', 'restart', app).status == 0)
    assert asked.lost == []
    receiver.settles_to(app, 'v1 web.1')


@pytest.mark.slow
def test_an_app_that_ignores_sigterm_is_killed_when_its_time_is_over(
    ann: Pusher, receiver: RunningReceiver, app: str, work: Path
) -> None:
    change(work, {'mode': b'stubborn'})
    assert ann.push(work, app).status == 0
    change(work, {'mode': None, 'version': b'two'})
    assert ann.push(work, app).status == 0
    receiver.settles_to(app, 'v3 web.1')


@pytest.mark.slow
def test_a_request_that_runs_is_finished_by_the_instance_that_has_it(
    ann: Pusher, receiver: RunningReceiver, app: str, work: Path
) -> None:
    answers: list[tuple[int, str]] = []
    slow = threading.Thread(target=lambda: answers.append(receiver.get(app, '/?sleep=4')))
    slow.start()
    done(receiver, 'ps', 'restart', app)
    slow.join(30)
    assert answers[0][0] == 200


@pytest.mark.slow
def test_an_app_is_stopped_and_started(receiver: RunningReceiver, app: str, work: Path) -> None:
    done(receiver, 'ps', 'stop', app)
    assert within(20, lambda: receiver.containers(app) == [])
    assert receiver.get(app)[0] == 503
    done(receiver, 'ps', 'start', app)
    assert receiver.says(app) == 'one'


@pytest.mark.slow
def test_a_release_is_promoted_to_another_app(
    ann: Pusher, receiver: RunningReceiver, app: str, work: Path
) -> None:
    other = f'{app}-live'
    done(receiver, 'apps', 'create', other)
    done(receiver, 'config', 'set', other, 'GREETING=live')
    done(receiver, 'promote', app, other)
    assert receiver.get(other) == (200, 'one web.1 live')
    assert receiver.ref(other) == receiver.ref(app)


def answers(receiver: RunningReceiver, app: str) -> str:
    """What an app says, or nothing as long as nobody answers."""
    try:
        return receiver.says(app)
    except OSError:
        return ''


def router_processes(receiver: RunningReceiver) -> list[int]:
    """HAProxy's."""
    found = []
    for path in Path('/proc').glob('[0-9]*'):
        try:
            if (path / 'cwd').readlink() == receiver.home.router and 'haproxy' in (
                path / 'cmdline'
            ).read_text():
                found.append(int(path.name))
        except OSError:
            continue
    assert found
    return found
