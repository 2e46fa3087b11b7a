"""What the processes of an app print reaches its people, through releases and crashes, and no secret with it."""

import os
import re
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

import pytest

from tests.e2e.receiver import Pusher, change, make_app
from tests.e2e.running import APP, RunningReceiver
from tests.waiting import wait_until

PATIENCE = 60
LINE = re.compile(r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00 app\[(\w+\.\d+)\]: (.*)')

TALKER = b"""\
import os, sys, time
print('\\x1b[31mred\\x1b[0m', os.environ['TOKEN'], flush=True)
while not os.path.exists('/tmp/crash'):
    time.sleep(0.05)
os.unlink('/tmp/crash')
sys.exit(3)
"""


@pytest.fixture(scope='module')
def ann(receivers: Callable[..., Pusher], tmp_path_factory: pytest.TempPathFactory) -> Pusher:
    """With an app that runs and has a secret."""
    folder = tmp_path_factory.mktemp('logs')
    pusher = receivers(folder, RunningReceiver)
    pusher.receiver.start()
    procfile = b'web: python3 server.py\nworker: python3 talker.py\n'
    work = make_app(folder / 'work', {**APP, 'Procfile': procfile, 'talker.py': TALKER})
    pusher.ssh('apps', 'create', 'hello')
    pusher.ssh('config', 'set', 'hello', 'TOKEN=s3cret-token')
    pushed = pusher.push(work, 'hello')
    assert pushed.status == 0, pushed.err
    assert pusher.ssh('ps', 'scale', 'hello', 'worker=1').status == 0
    return pusher


@pytest.fixture(scope='module')
def work(ann: Pusher, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp('clone') / 'work'
    assert ann.git(folder.parent, 'clone', '-q', ann.url('hello'), str(folder)).status == 0
    return folder


class Reading:
    """``logs -f``; ``said`` is what it has printed."""

    def __init__(self, words: list[str]) -> None:
        self.process = subprocess.Popen(words, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
        assert self.process.stdout
        os.set_blocking(self.process.stdout.fileno(), False)
        self.said = ''

    def hears(self, text: str) -> bool:
        assert self.process.stdout
        self.said += (self.process.stdout.read() or b'').decode()
        return text in self.said


@contextmanager
def reading(ann: Pusher, *words: str) -> Iterator[Reading]:
    made = Reading([*ann.ssh_words(), 'git@127.0.0.1', 'logs', 'hello', '-f', *words])
    try:
        yield made
    finally:
        made.process.kill()
        made.process.wait()


def test_lines_have_times_and_names_and_no_secrets(ann: Pusher) -> None:
    wait_until(lambda: 'red' in ann.ssh('logs', 'hello').out, PATIENCE, 'a line of the worker')
    done = ann.ssh('logs', 'hello')
    lines = [LINE.fullmatch(line) for line in done.out.splitlines()]
    assert all(lines), done.out
    said = {(found[1], found[2]) for found in lines if found}
    assert ('web.1', 'this is one') in said
    assert ('worker.1', 'red ********') in said
    assert 's3cret' not in done.out
    only = ann.ssh('logs', 'hello', '--process', 'worker', '-n', '1')
    assert [line.split()[1] for line in only.out.splitlines()] == ['app[worker.1]:']
    assert ann.ssh('logs', 'hello', '--since', '2000000000').status == 1
    assert ann.ssh('logs', 'hello', '--since', '1s', '--process', 'web').out == ''


def test_builds_releases_and_requests_are_sources_of_their_own(ann: Pusher) -> None:
    assert 'Python app detected' in ann.ssh('logs', 'hello', '--source', 'build').out
    assert 'Starting web.1' in ann.ssh('logs', 'hello', '--source', 'release').out
    assert 'Starting web.1' in ann.ssh('logs', 'hello', '--build', '1').out
    assert isinstance(ann.receiver, RunningReceiver)
    assert ann.receiver.says('hello') == 'one'
    asked = 'router: status=200'
    wait_until(lambda: asked in ann.ssh('logs', 'hello', '--source', 'router').out, PATIENCE, 'a request')


@pytest.mark.slow
def test_followers_hear_crashes_and_new_releases(ann: Pusher, work: Path) -> None:
    with reading(ann, '-n', '0') as here:
        crash = ann.receiver
        assert isinstance(crash, RunningReceiver)
        crash.execute('hello', 'worker', 'touch /tmp/crash')
        wait_until(lambda: here.hears('app[worker.1]: red'), PATIENCE, 'the worker that came back')
        assert 'this is one' not in here.said
        change(work, {'version': b'two'})
        pushed = ann.push(work, 'hello')
        assert pushed.status == 0, pushed.err
        wait_until(lambda: here.hears('app[web.1]: this is two'), PATIENCE, 'the new release')
        assert here.said.count('this is two') == 1


def test_whoever_stops_following_leaves_nothing_behind(ann: Pusher) -> None:
    daemon = ann.receiver.pid('daemon')

    def threads() -> int:
        return len(os.listdir(f'/proc/{daemon}/task'))

    before = threads()
    with ExitStack() as stack:
        readers = [stack.enter_context(reading(ann)) for _ in range(8)]
        for here in readers:
            wait_until(partial(here.hears, 'app['), PATIENCE, 'a line')
    wait_until(lambda: threads() <= before + 3, PATIENCE, 'their threads to end')
