"""A push ends with the new code answering requests."""

import http.client
import re
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest

from tests.e2e.receiver import Pusher, change, make_app
from tests.e2e.running import APP, RunningReceiver, app_json
from tests.waiting import within

pytestmark = pytest.mark.alone

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
def app() -> str:
    return f'run-{next(_numbers)}'


@pytest.fixture
def work(tmp_path: Path) -> Path:
    return make_app(tmp_path / 'work', APP)


def test_a_push_ends_with_the_new_code_answering(
    ann: Pusher, receiver: RunningReceiver, app: str, work: Path
) -> None:
    pushed = ann.push(work, app)
    assert pushed.status == 0, pushed.err
    assert '-----> Starting web.1' in pushed.lines
    assert receiver.says(app) == 'one'
    change(work, {'version': b'two'})
    pushed = ann.push(work, app)
    assert pushed.status == 0, pushed.err
    assert receiver.says(app) == 'two'
    receiver.settles_to(app, 'v2 web.1')


FAILING = [
    pytest.param(
        'silent',
        'nothing accepts on its port; it does not listen on any port',
        id='never binds',
        marks=pytest.mark.slow,
    ),
    pytest.param('elsewhere', 'it listens on 0.0.0.0:3000 and $PORT is 5000', id='another port'),
    pytest.param(
        'loopback',
        'it listens on 127.0.0.1:5000, which nobody outside',
        id='loopback',
        marks=pytest.mark.slow,
    ),
    pytest.param('ipv6', 'it listens on [::]:5000, for IPv6 alone', id='IPv6 only', marks=pytest.mark.slow),
    pytest.param('dies', 'it has ended with exit status 3', id='dies'),
]


@pytest.mark.parametrize(('mode', 'told'), FAILING)
def test_a_release_that_does_not_come_up_is_rejected_with_why_and_the_old_one_serves(
    impatient: Pusher, app: str, work: Path, mode: str, told: str
) -> None:
    receiver = impatient.receiver
    assert isinstance(receiver, RunningReceiver)
    assert impatient.push(work, app).status == 0
    change(work, {'version': b'two', 'mode': mode.encode()})
    pushed = impatient.push(work, app)
    assert pushed.status == 1
    assert 'web.1 of v2 did not come up: ' in pushed.err and told in pushed.err, pushed.err
    assert 'remote rejected] main -> main (build' in pushed.err
    assert '       web.1: this is two' in pushed.lines
    assert receiver.says(app) == 'one'
    receiver.settles_to(app, 'v1 web.1')
    assert [release.state.value for release in receiver.releases(app)] == ['live', 'failed']
    change(work, {'version': b'three', 'mode': None})
    assert impatient.push(work, app).status == 0
    assert receiver.says(app) == 'three'
    rolled = receiver.host('rollback', app, 'v2')
    assert rolled.status != 0 and 'v2 was never live' in rolled.out + rolled.err
    assert receiver.host('rollback', app).status == 0
    assert receiver.says(app) == 'one'


@pytest.fixture(scope='module')
def impatient(receivers: Callable[..., Pusher], tmp_path_factory: pytest.TempPathFactory) -> Pusher:
    """Pushes to a receiver that gives an app three seconds."""
    folder = tmp_path_factory.mktemp('impatient')
    pusher = receivers(folder, RunningReceiver, GITRECEIVE_RUN_BOOT_SECONDS='3')
    pusher.receiver.start()
    return pusher


def test_no_request_is_lost_in_deploys_and_rollbacks(
    ann: Pusher, receiver: RunningReceiver, app: str, work: Path
) -> None:
    assert ann.push(work, app).status == 0
    with receiver.asked(app) as asked:
        for version in ('two', 'three'):
            change(work, {'version': version.encode()})
            assert ann.push(work, app).status == 0
        assert receiver.host('rollback', app).status == 0
        assert receiver.says(app) == 'two'
    assert asked.lost == []
    assert set(asked.seen) == {'one', 'two', 'three'}


def test_what_runs_survives_the_daemon_and_is_adopted_by_the_next(
    ann: Pusher, receiver: RunningReceiver, app: str, work: Path
) -> None:
    assert ann.push(work, app).status == 0
    before = receiver.containers(app)
    with receiver.asked(app) as asked:
        receiver.kill('serve')
        time.sleep(0.5)
        receiver.start()
        change(work, {'version': b'two'})
        assert ann.push(work, app).status == 0
    assert asked.lost == []
    assert before == ['v1 web.1 running']
    receiver.settles_to(app, 'v2 web.1')


@pytest.mark.slow
def test_what_was_removed_behind_the_receivers_back_is_started_again(
    ann: Pusher, receiver: RunningReceiver, app: str, work: Path
) -> None:
    assert ann.push(work, app).status == 0
    receiver.remove_container(app)
    receiver.settles_to(app, 'v1 web.1')
    assert within(20, lambda: receiver.says(app) == 'one')


@pytest.mark.slow
def test_an_app_that_is_destroyed_leaves_nothing_that_runs(
    ann: Pusher, receiver: RunningReceiver, app: str, work: Path
) -> None:
    assert ann.push(work, app).status == 0
    gone = receiver.host('apps', 'destroy', app, '--confirm', app)
    assert gone.status == 0, gone.err
    assert receiver.containers(app) == []
    assert receiver.get(app)[0] == 404


@pytest.mark.slow
def test_release_command_formation_and_postdeploy_have_effect(
    ann: Pusher, receiver: RunningReceiver, app: str, work: Path
) -> None:
    said = {
        'formation': {'web': {'quantity': 2}, 'worker': {'quantity': 1}},
        'scripts': {'postdeploy': 'echo seeded by $DYNO'},
        'healthchecks': {'web': [{'type': 'startup', 'path': '/', 'content': 'one'}]},
    }
    files = {
        'app.json': app_json(**said),
        'Procfile': APP['Procfile'] + b'release: echo migrated; exit $STATUS\n',
    }
    change(work, files)
    pushed = ann.push(work, app)
    assert pushed.status == 0, pushed.err
    assert '       migrated' in pushed.lines
    assert '       seeded by postdeploy.1' in pushed.lines
    receiver.settles_to(app, 'v1 web.1', 'v1 web.2', 'v1 worker.1')
    change(work, {'Procfile': APP['Procfile'] + b'release: echo no table; exit 4\n'})
    pushed = ann.push(work, app)
    assert pushed.status == 1
    assert 'the release command has ended with exit status 4' in pushed.err
    assert receiver.says(app) == 'one'
    receiver.settles_to(app, 'v1 web.1', 'v1 web.2', 'v1 worker.1')


@pytest.mark.slow
def test_a_cron_entry_runs_when_it_is_due(
    ann: Pusher, receiver: RunningReceiver, app: str, work: Path
) -> None:
    jobs = [{'command': 'echo cleaned by $DYNO of $(cat version)', 'schedule': '* * * * *'}]
    change(work, {'app.json': app_json(cron=jobs)})
    assert ann.push(work, app).status == 0
    assert within(90, lambda: 'v1 cron.job.1 exited' in receiver.containers(app))
    assert 'cleaned by cron.job.1 of one' in receiver.host('logs', app).out


@pytest.mark.slow
def test_without_a_router_the_push_says_on_which_port_the_app_answers(
    receivers: Callable[..., Pusher], tmp_path: Path, work: Path
) -> None:
    ann = receivers(tmp_path / 'receiver', RunningReceiver, GITRECEIVE_ROUTER_HAPROXY='')
    ann.receiver.start()
    for version in ('one', 'two'):
        change(work, {'version': version.encode()})
        pushed = ann.push(work, 'portly')
        assert pushed.status == 0, pushed.err
        (address,) = re.findall(r'http://127\.0\.0\.1:(\d+)\S* deployed to', pushed.err)
        assert asked_at(int(address)).startswith(version)
    assert 'instances get ports of their own' in ann.receiver.log_file.read_text()
    change(work, {'mode': b'silent'})
    assert 'nothing accepts on its port' in ann.push(work, 'portly').err


def asked_at(port: int) -> str:
    """What is answered there."""
    connection = http.client.HTTPConnection('127.0.0.1', port, timeout=20)
    connection.request('GET', '/')
    body = connection.getresponse().read().decode()
    connection.close()
    return body


@pytest.mark.slow
def test_a_cancelled_rollout_leaves_the_old_release_and_nothing_of_the_new(
    ann: Pusher, receiver: RunningReceiver, app: str, work: Path
) -> None:
    assert ann.push(work, app).status == 0
    change(work, {'mode': b'silent', 'version': b'two'})
    pushing = ann.start_push(work, app)
    pushing.wait_for('Starting web.1')
    assert within(20, lambda: len(receiver.containers(app)) == 2)
    assert receiver.host('cancel', app).status == 0
    assert pushing.end().status == 1
    assert receiver.says(app) == 'one'
    receiver.settles_to(app, 'v1 web.1')
    assert receiver.ref(app) == receiver.releases(app)[0].commit
