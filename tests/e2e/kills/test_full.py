"""The daemon's socket is full: of connections, of conversations, or of what somebody does not read."""

import os
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path

import pytest

from gitreceive.access.book import AccessBook
from gitreceive.config.settings import KeySettings
from gitreceive.grammar.wire import ask
from tests.e2e.kills.dockerfiles import running
from tests.e2e.kills.receiver import HitReceiver, check_truth, end
from tests.e2e.receiver import Pusher, make_app
from tests.waiting import within

BACKLOG = 1100
"""More connections than wait to be accepted (listen(2))."""

GONE_SECONDS = 65.0
"""After a minute the daemon takes an asker that reads nothing for one that has gone."""

_numbers = count(1)


@pytest.fixture
def app() -> str:
    """A name of its own for each test."""
    return f'full-{next(_numbers)}'


@contextmanager
def standing_still(pid: int) -> Iterator[None]:
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


@contextmanager
def crowd(ann: Pusher, work: Path, app: str) -> Iterator[None]:
    """A build of another app, which is followed in all conversations that the key may have."""
    [grant] = AccessBook(ann.receiver.home.access_db).list()
    make_app(work, {'Dockerfile': running('sleep 120')})
    assert ann.push(work, app, '-o', 'detach', 'main').status == 0
    with ExitStack() as opened:
        for _ in range(KeySettings().sessions):
            request = ('inflight', app, grant.fingerprint)
            answer = opened.enter_context(ask(ann.receiver.home.socket, request))
            while not answer.receive():
                assert answer.end is None
        yield
    assert ann.ssh('cancel', app).status == 0


def test_a_push_waits_for_a_place_between_its_hooks_and_tells_the_truth_then(
    ann: Pusher, hit: HitReceiver, tmp_path: Path, app: str
) -> None:
    work = make_app(tmp_path / 'work')
    hit.steps.aim('post-receive', 1)
    pushing = ann.start_push(work, app)
    assert hit.comes_to_step(pushing)
    with crowd(ann, tmp_path / 'crowd', f'{app}-crowd'):
        hit.steps.go_on()
        assert within(10, lambda: 'refused push of' in hit.log_file.read_text())
        time.sleep(3)
        assert pushing.process.poll() is None
    check_truth(ann, work, app, end(pushing, hit))


@pytest.mark.slow
def test_a_push_that_finds_no_place_is_no_success_and_is_built_all_the_same(
    ann: Pusher, hit: HitReceiver, tmp_path: Path, app: str
) -> None:
    work = make_app(tmp_path / 'work')
    hit.steps.aim('post-receive', 1)
    pushing = ann.start_push(work, app)
    assert hit.comes_to_step(pushing)
    with crowd(ann, tmp_path / 'crowd', f'{app}-crowd'):
        hit.steps.go_on()
        pushed = end(pushing, hit)
        assert pushed.status != 0
        assert 'will be built once it is back' in pushed.err
        assert within(30, lambda: hit.releases(app))
    check_truth(ann, work, app, pushed, lies=True)


def test_a_daemon_that_takes_no_more_connections_is_said_to_and_nothing_is_changed(
    ann: Pusher, hit: HitReceiver, tmp_path: Path, app: str
) -> None:
    work = make_app(tmp_path / 'work')
    with ExitStack() as opened:
        with standing_still(hit.pid('daemon')):
            for _ in range(BACKLOG):
                waiting = opened.enter_context(socket.socket(socket.AF_UNIX))
                waiting.setblocking(False)
                waiting.connect_ex(str(hit.home.socket))
            pushed = ann.push(work, app)
        assert pushed.status != 0
        assert 'does not answer; nothing was changed' in pushed.err
        assert hit.ref(app) is None
    assert ann.push(work, app).status == 0


@pytest.mark.slow
@pytest.mark.parametrize('who', ['hook', 'client', 'sshd'])
@pytest.mark.parametrize('status', [0, 3])
def test_who_reads_nothing_for_so_long_that_it_counts_as_gone_is_told_the_truth_later(
    ann: Pusher, hit: HitReceiver, tmp_path: Path, app: str, who: str, status: int
) -> None:
    """The log does not fit into all that lies between the daemon and the client."""
    work = make_app(tmp_path / 'work', {'Dockerfile': running(f'sleep 2; seq 1 200000; exit {status}')})
    pushing = ann.start_push(work, app)
    pushing.wait_for('sleep 2')
    hit.stop_all([who], pushing, GONE_SECONDS)
    check_truth(ann, work, app, end(pushing, hit))
