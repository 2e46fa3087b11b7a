"""What verbs change of apps that run, as those who ask for it see it: over SSH, and through the router."""

import json
import threading
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest

from gitreceive.points import RENAME_POINTS
from tests.e2e.receiver import Pusher, change, make_app
from tests.e2e.running import APP, RunningReceiver
from tests.waiting import within

_numbers = count(1)


@pytest.fixture(scope='module')
def ann(receivers: Callable[..., Pusher], tmp_path_factory: pytest.TempPathFactory) -> Pusher:
    pusher = receivers(tmp_path_factory.mktemp('receiver'), RunningReceiver)
    pusher.receiver.start()
    return pusher


@pytest.fixture(scope='module')
def receiver(ann: Pusher) -> RunningReceiver:
    assert isinstance(ann.receiver, RunningReceiver)
    return ann.receiver


@pytest.fixture
def app(ann: Pusher, tmp_path: Path) -> str:
    """It was pushed, and answers "one"."""
    name = f'verb-{next(_numbers)}'
    pushed = ann.push(make_app(tmp_path / 'work', APP), name)
    assert pushed.status == 0, pushed.err
    return name


def asked(ann: Pusher, *words: str) -> str:
    """What a verb answers that succeeds."""
    done = ann.ssh(*words)
    assert done.status == 0, done.err
    return done.out


def test_config_vars_are_there_at_once_and_those_that_break_the_app_are_not(
    ann: Pusher, receiver: RunningReceiver, app: str
) -> None:
    out = asked(ann, 'config', 'set', app, 'GREETING=hi')
    assert out == f'Setting GREETING and restarting {app}... done, v2\n'
    assert receiver.get(app)[1] == 'one web.1 hi'
    broken = ann.ssh('config', 'set', app, 'MODE=dies')
    assert (broken.status, broken.out) == (1, f'Setting MODE and restarting {app}... failed\n')
    assert 'no database' in broken.err, 'what it printed last'
    assert f'{app} still runs v2' in broken.err
    assert receiver.get(app)[1] == 'one web.1 hi'
    assert asked(ann, 'config', 'unset', app, 'MODE', '--no-restart').startswith('Removed MODE')
    listed = json.loads(asked(ann, 'releases', app, '--json'))
    assert [(each['version'], each['state'], each['description']) for each in listed] == [
        (3, 'failed', 'Set MODE'),
        (2, 'live', 'Set GREETING'),
        (1, 'replaced', listed[2]['description']),
    ]
    assert 'GREETING' in asked(ann, 'releases', 'show', app, 'v2')


def test_the_way_back_takes_the_config_vars_or_only_the_code(
    ann: Pusher, receiver: RunningReceiver, app: str, tmp_path: Path
) -> None:
    asked(ann, 'config', 'set', app, 'GREETING=hi')
    work = tmp_path / 'work'
    change(work, {'version': b'two'})
    assert ann.push(work, app).status == 0
    assert receiver.get(app)[1] == 'two web.1 hi'
    asked(ann, 'rollback', app, 'v1', '--code-only')
    assert receiver.get(app)[1] == 'one web.1 hi'
    asked(ann, 'rollback', app, 'v1')
    assert receiver.get(app)[1] == 'one web.1 '


def test_instances_are_scaled_limited_listed_stopped_and_started(
    ann: Pusher, receiver: RunningReceiver, app: str
) -> None:
    assert asked(ann, 'ps', 'scale', app, 'web=2', 'worker=1').endswith('... done\n')
    rows = json.loads(asked(ann, 'ps', app, '--json'))
    assert [(row['process'], row['state'], row['release']) for row in rows] == [
        *(('web.1', 'up', 1), ('web.2', 'up', 1), ('worker.1', 'up', 1))
    ]
    assert all(row['memory'] and row['restarts'] == 0 for row in rows)
    asked(ann, 'ps', 'limits', app, 'web', '--memory', '64M')
    rows = json.loads(asked(ann, 'ps', app, '--json'))
    limits = {row['process']: row['memory_limit'] for row in rows}
    assert (limits['web.1'], limits['worker.1']) == (64_000_000 // 4096 * 4096, 128_000_000 // 4096 * 4096)
    asked(ann, 'ps', 'restart', app, 'worker')
    asked(ann, 'ps', 'stop', app)
    assert receiver.get(app)[0] == 503
    told = f'{app} is stopped; "ps start {app}" starts it\n'
    assert within(30, lambda: asked(ann, 'ps', app) == told)
    asked(ann, 'ps', 'start', app)
    assert receiver.says(app) == 'one'
    refused = ann.ssh('ps', 'scale', app, 'web=10000')
    assert (refused.status, 'at most 100' in refused.err) == (1, True)


def test_a_release_is_promoted_to_another_app_with_its_own_config_vars(
    ann: Pusher, receiver: RunningReceiver, app: str
) -> None:
    target = f'{app}-live'
    asked(ann, 'apps', 'create', target)
    asked(ann, 'config', 'set', target, 'GREETING=live')
    asked(ann, 'promote', app, target)
    assert receiver.get(target)[1] == 'one web.1 live'
    shown = json.loads(asked(ann, 'releases', 'show', target, 'v1', '--json'))
    assert shown['description'] == f'Promote {app} v1'
    assert receiver.host('slug', 'verify', target).status == 0


def test_names_maintenance_and_locks(
    ann: Pusher, receiver: RunningReceiver, app: str, tmp_path: Path
) -> None:
    domain = f'{app}.example.com'
    asked(ann, 'domains', 'add', app, domain)
    assert receiver.get('x', headers={'Host': domain})[1].startswith('one')
    asked(ann, 'maintenance', app, 'on')
    assert receiver.get(app)[0] == 503
    asked(ann, 'maintenance', app, 'off')
    assert receiver.says(app) == 'one'
    asked(ann, 'domains', 'remove', app, domain)
    assert receiver.get('x', headers={'Host': domain})[0] == 404
    asked(ann, 'apps', 'lock', app, '-m', '"black friday"')
    change(tmp_path / 'work', {'version': b'two'})
    pushed = ann.push(tmp_path / 'work', app)
    assert (pushed.status, 'is locked: black friday' in pushed.err) == (1, True)
    planned = ann.push(tmp_path / 'work', app, 'main', '-o', 'plan')
    assert 'this was "-o plan"' in planned.err
    asked(ann, 'apps', 'unlock', app)
    assert ann.push(tmp_path / 'work', app).status == 0
    assert receiver.says(app) == 'two'


def check_renamed(ann: Pusher, receiver: RunningReceiver, app: str, work: Path) -> None:
    """It answers by its new name, and takes pushes there."""
    new = f'{app}-new'
    within(60, lambda: receiver.says(new) == 'one')
    within(60, lambda: receiver.containers(app) == [])
    assert receiver.get(app)[0] == 404
    assert receiver.host('slug', 'verify', new).status == 0
    assert json.loads(asked(ann, 'config', new, '--json')) == [{'name': 'GREETING', 'value': 'hi'}]
    change(work, {'version': b'two'})
    pushed = ann.push(work, new)
    assert pushed.status == 0, pushed.err
    assert receiver.says(new) == 'two'


def test_an_app_that_runs_is_renamed(
    ann: Pusher, receiver: RunningReceiver, app: str, tmp_path: Path
) -> None:
    asked(ann, 'config', 'set', app, 'GREETING=hi')
    asked(ann, 'domains', 'add', app, f'{app}.example.com')
    renaming = threading.Thread(target=lambda: asked(ann, 'apps', 'rename', app, f'{app}-new'))
    renaming.start()
    answered = []
    while renaming.is_alive():
        answered.append(receiver.get('x', headers={'Host': f'{app}.example.com'})[0])
        time.sleep(0.05)
    assert {200} <= set(answered) <= {200, 404}, answered
    assert answered[-1] == 200, 'the name belongs to nobody only while the router is told'
    check_renamed(ann, receiver, app, tmp_path / 'work')
    assert receiver.get('x', headers={'Host': f'{app}.example.com'})[0] == 200


@pytest.fixture(scope='module')
def apart(receivers: Callable[..., Pusher], tmp_path_factory: pytest.TempPathFactory) -> Pusher:
    """Pushes to a receiver whose daemon and SSH server are processes without a supervisor."""
    return receivers(tmp_path_factory.mktemp('apart'), RunningReceiver, apart=True)


@pytest.mark.parametrize(
    'point',
    [pytest.param(each, marks=[pytest.mark.slow] * (each != 'rename.moved')) for each in RENAME_POINTS],
)
def test_a_daemon_that_dies_while_it_renames_carries_it_on(apart: Pusher, tmp_path: Path, point: str) -> None:
    receiver, app = apart.receiver, f'killed-{next(_numbers)}'
    assert isinstance(receiver, RunningReceiver)
    work = make_app(tmp_path / 'work', APP)
    receiver.start()
    assert apart.push(work, app).status == 0
    asked(apart, 'config', 'set', app, 'GREETING=hi')
    receiver.running['daemon'].terminate()
    receiver.running['daemon'].wait(20)
    receiver.start(GITRECEIVE_KILL_AT=point)
    assert apart.ssh('apps', 'rename', app, f'{app}-new').status != 0
    assert receiver.running['daemon'].wait(20) == -9
    receiver.start()
    receiver.settled(f'{app}-new')
    check_renamed(apart, receiver, app, work)
