"""Builds that run code: what stops them, what they may print, and who may go away meanwhile."""

import json
import os
import signal
import uuid
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest

from gitreceive.access.book import AccessBook
from gitreceive.grammar.wire import ask
from gitreceive.model.operation import OperationState
from tests.e2e.receiver import Pusher, Receiver, Wire, change, head, make_app
from tests.e2e.sshd.sshd_process import alive, descendants
from tests.waiting import within

_numbers = count(1)


@pytest.fixture
def app() -> Iterator[str]:
    """A name that no other test of this module uses."""
    yield f'build-{next(_numbers)}'


@pytest.fixture(scope='module')
def ann(receivers: Callable[..., Pusher], tmp_path_factory: pytest.TempPathFactory) -> Pusher:
    """May push to a receiver that builds ten apps at once."""
    pusher = receivers(tmp_path_factory.mktemp('receiver'), GITRECEIVE_BUILDS_PARALLEL='10')
    pusher.receiver.start()
    return pusher


DOCKERFILE = b'FROM gitreceive/cedar:12-build\nCOPY . /app/src\nRUN bash /app/src/build\n'


def scripted(path: Path, script: str) -> Path:
    """An app whose build runs a file, which no cache knows, and fetches nothing."""
    salt = uuid.uuid4().hex.encode()
    return make_app(path, {'Dockerfile': DOCKERFILE, 'build': script.encode(), 'salt': salt})


@pytest.mark.alone
def test_a_build_that_fails_names_its_step_and_its_status(
    ann: Pusher, receiver: Receiver, app: str, tmp_path: Path
) -> None:
    package = {'engines': {'node': '24.x'}, 'scripts': {'build': 'echo the cause; exit 7', 'start': 'cat'}}
    work = make_app(tmp_path / 'work', {'package.json': json.dumps(package).encode()})
    pushed = ann.push(work, app, timeout=300)
    assert pushed.status == 1
    assert any(line.endswith('the cause') for line in pushed.lines)
    assert any('failed in "npm run build" (exit 7)' in line for line in pushed.lines), pushed.err
    told = next(number for number, line in enumerate(pushed.lines) if 'lines of "npm run build":' in line)
    assert any(line.endswith('the cause') for line in pushed.lines[told:])
    assert receiver.ref(app) is None
    assert receiver.leftovers() == []


def test_a_build_cannot_speak_to_the_pushers_terminal(ann: Pusher, app: str, tmp_path: Path) -> None:
    script = (
        r"printf '\033[31mred\033[0m \033]0;title\007\n10%%\r100%%\n\377\376\000nul\nerase\b\b\n\302\233x\n'"
    )
    pushed = ann.push(scripted(tmp_path / 'work', script), app)
    assert pushed.status == 0, pushed.err
    said = '\n'.join(pushed.lines)
    assert 'red' in said
    assert '100%' in said
    assert not [char for char in said if (ord(char) < 32 and char != '\n') or 127 <= ord(char) < 160]
    assert 'title' not in said


def test_a_build_that_prints_without_end_is_cut_in_the_log_and_goes_on(
    receivers: Callable[..., Pusher], app: str, tmp_path: Path
) -> None:
    ivy = receivers(tmp_path / 'ivy', GITRECEIVE_LIMITS_LOG_BYTES='200000')
    ivy.receiver.start()
    script = 'yes spam | head -c 900000000; yes spam | head -c 100000000 | tr -d "\\n"'
    pushed = ivy.push(scripted(tmp_path / 'work', script), app)
    assert pushed.status == 0, pushed.err[-3000:]
    assert ivy.receiver.home.log(1).stat().st_size < 300_000


def test_a_build_over_its_time_is_stopped(receivers: Callable[..., Pusher], app: str, tmp_path: Path) -> None:
    hal = receivers(tmp_path / 'hal', GITRECEIVE_LIMITS_BUILD_SECONDS='5')
    hal.receiver.start()
    pushed = hal.push(scripted(tmp_path / 'work', 'sleep 1000'), app)
    assert pushed.status == 1
    assert any('timed out after 5 seconds in "bash /app/src/build"' in line for line in pushed.lines), (
        pushed.err
    )
    assert hal.receiver.ref(app) is None


def test_the_newest_push_wins_and_everybody_is_told_the_truth(
    ann: Pusher, receiver: Receiver, app: str, tmp_path: Path
) -> None:
    work = scripted(tmp_path / 'work', 'echo begun; sleep 4')
    first = ann.start_push(work, app)
    first.wait_for('begun')
    change(work, {'build': b'echo two'})
    second = ann.start_push(work, app)
    second.wait_for('waits')
    third_commit = change(work, {'build': b'echo three'})
    third = ann.start_push(work, app)
    ends = [pushing.end() for pushing in (first, second, third)]
    assert [end.status for end in ends] == [0, 1, 0], [end.err for end in ends]
    assert f'was superseded by build {ends[2].json["build"]} ({third_commit[:7]})' in ends[1].err
    assert [build.state for build in receiver.builds(app)] == [
        OperationState.SUCCEEDED,
        OperationState.SUPERSEDED,
        OperationState.SUCCEEDED,
    ]
    assert receiver.ref(app) == third_commit


@pytest.mark.parametrize('where', ['ssh', 'host'])
def test_a_build_can_be_cancelled(
    ann: Pusher, receiver: Receiver, app: str, tmp_path: Path, where: str
) -> None:
    pushing = ann.start_push(scripted(tmp_path / 'work', 'echo begun; sleep 1000'), app)
    pushing.wait_for('begun')
    ask = ann.ssh if where == 'ssh' else receiver.host
    done = ask('cancel', app)
    assert done.status == 0
    assert 'is cancelled' in done.out
    pushed = pushing.end(20)
    assert pushed.status == 1
    assert 'was cancelled by' in pushed.err
    assert [build.state for build in receiver.settled(app)] == [OperationState.CANCELLED]
    assert receiver.ref(app) is None


@pytest.mark.parametrize(
    'kind, script',
    [
        ('quiet', 'sleep 2'),
        pytest.param('chatty', 'for n in {1..400}; do echo $n; sleep 0.01; done', marks=pytest.mark.slow),
    ],
)
def test_twenty_clients_that_vanish_in_mid_build_leave_nothing_behind(
    ann: Pusher, receiver: Receiver, tmp_path: Path, kind: str, script: str
) -> None:
    works = {
        f'{kind}-{number}': scripted(tmp_path / str(number), f'echo begun; {script}') for number in range(10)
    }
    for turn in (1, 2):
        pushes = [ann.start_push(work, app) for app, work in works.items()]
        for pushing in pushes:
            pushing.wait_for('begun')
        for pushing in pushes:
            pushing.kill()
        assert within(30, lambda: not descendants(receiver.pid('sshd'))), descendants(receiver.pid('sshd'))
        for app, work in works.items():
            assert [build.state for build in receiver.settled(app)] == [OperationState.SUCCEEDED] * turn
            assert receiver.ref(app) == head(work)
            change(work, {'turn': str(turn).encode()})
    assert receiver.leftovers() == []
    for app in list(works)[:2]:
        change(works[app], {'build': b'true'})
        assert ann.push(works[app], app).json['release'] == 3


def test_the_death_of_the_ssh_server_ends_its_connections_and_no_build(
    ann: Pusher, receiver: Receiver, app: str, tmp_path: Path
) -> None:
    work = scripted(tmp_path / 'work', 'echo begun; sleep 3')
    pushing = ann.start_push(work, app)
    pushing.wait_for('begun')
    below = descendants(receiver.pid('sshd'))
    assert below
    receiver.kill('sshd')
    assert pushing.end().status != 0
    assert [build.state for build in receiver.settled(app)] == [OperationState.SUCCEEDED]
    assert receiver.ref(app) == head(work)
    assert within(30, lambda: not any(map(alive, below))), below
    assert within(30, receiver.answers)
    change(work, {'build': b'true'})
    assert ann.push(work, app).json['release'] == 2


def test_the_builders_death_in_mid_build_is_only_a_delay(
    ann: Pusher, receiver: Receiver, app: str, tmp_path: Path
) -> None:
    work = scripted(tmp_path / 'work', 'echo begun; sleep 3')
    pushing = ann.start_push(work, app)
    pushing.wait_for('begun')
    receiver.kill('daemon')
    pushed = pushing.end()
    assert pushed.status == 0, pushed.err
    assert pushed.json['release'] == 1
    assert any('The receiver was restarted; build' in line for line in pushed.lines)
    assert len(receiver.releases(app)) == 1
    assert receiver.leftovers() == []


def test_the_hooks_death_ends_neither_the_build_nor_the_push(
    ann: Pusher, receiver: Receiver, app: str, tmp_path: Path
) -> None:
    work = scripted(tmp_path / 'work', 'echo begun; sleep 3')
    pushing = ann.start_push(work, app)
    pushing.wait_for('begun')
    for pid in descendants(receiver.pid('sshd')):
        os.kill(pid, signal.SIGKILL)
    pushed = pushing.end(60)
    assert pushed.status == 0, pushed.err
    assert [build.state for build in receiver.settled(app)] == [OperationState.SUCCEEDED]
    assert receiver.ref(app) == head(work)


@pytest.mark.alone
def test_an_engine_that_goes_away_fails_the_build_which_is_tried_once_more(
    receivers: Callable[..., Pusher], docker_host: str, tmp_path: Path, app: str
) -> None:
    socket = tmp_path / 'engine.sock'
    wire = Wire(socket, docker_host)
    gil = receivers(tmp_path / 'gil', GITRECEIVE_ENGINE_URL=f'unix://{socket}')
    gil.receiver.start()
    work = scripted(tmp_path / 'work', 'echo begun; sleep 4')
    pushing = gil.start_push(work, app)
    pushing.wait_for('begun')
    wire.cut()
    pushed = pushing.end(30)
    assert pushed.status == 1
    assert 'the Docker engine went away during "bash /app/src/build"' in pushed.err
    wire.join()
    assert within(60, lambda: len(gil.receiver.builds(app)) > 1 and gil.receiver.releases(app))
    assert [build.state for build in gil.receiver.settled(app)] == [
        OperationState.FAILED,
        OperationState.SUCCEEDED,
    ]
    assert gil.receiver.ref(app) == head(work)
    wire.cut()


def test_a_key_that_follows_hundreds_of_logs_stops_no_push(
    ann: Pusher, receiver: Receiver, app: str, tmp_path: Path
) -> None:
    pushing = ann.start_push(scripted(tmp_path / 'work', 'echo begun; sleep 1000'), app)
    pushing.wait_for('begun')
    key = AccessBook(receiver.home.access_db).list()[0].fingerprint
    following = [ask(receiver.home.socket, ['verb', key, 'logs', app, '-f']) for _ in range(270)]
    try:
        refused = ann.ssh('apps')
        assert refused.status == 1
        assert 'requests under way' in refused.err
        assert ann.push(make_app(tmp_path / 'other'), f'{app}-2').status == 0
        assert receiver.host('cancel', app).status == 0
        assert pushing.end(30).status == 1
    finally:
        for answer in following:
            answer.close()
    assert within(10, lambda: ann.ssh('apps').status == 0)
