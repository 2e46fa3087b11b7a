"""Clients that hang up, do not read, or come back while their build runs."""

import os
import signal
import time
from itertools import count
from pathlib import Path

import pytest

from gitreceive.model.operation import OperationState
from tests.e2e.kills.dockerfiles import running
from tests.e2e.kills.raw_push import RawPush
from tests.e2e.kills.receiver import HitReceiver, check_truth, end, settled, signal_all
from tests.e2e.receiver import Pusher, head, make_app
from tests.waiting import within

MAIN = 'refs/heads/main'

_numbers = count(1)


@pytest.fixture
def app() -> str:
    """A name of its own for each test."""
    return f'leaves-{next(_numbers)}'


def slow_app(path: Path, seconds: float, status: int) -> Path:
    return make_app(path, {'Dockerfile': running(f'sleep {seconds}; exit {status}')})


@pytest.mark.parametrize('capabilities', ['report-status side-band-64k', 'report-status'])
@pytest.mark.parametrize('wait', [0.0, pytest.param(0.2, marks=pytest.mark.slow), 1.0])
def test_a_push_whose_client_leaves_after_the_pack_is_carried_out(
    ann: Pusher, hit: HitReceiver, tmp_path: Path, app: str, wait: float, capabilities: str
) -> None:
    work = make_app(tmp_path / 'work')
    push = RawPush(ann, work, app, [MAIN], capabilities)
    time.sleep(wait)
    push.leave()
    assert within(20, lambda: not hit.helpers()), hit.helpers()
    assert within(20, lambda: settled(hit, app))
    if wait:
        assert hit.ref(app) == head(work)
    assert ann.push(work, app).status == 0
    assert hit.ref(app) == head(work)


def test_a_client_that_leaves_while_the_hook_stands_still_loses_nothing(
    ann: Pusher, hit: HitReceiver, tmp_path: Path, app: str
) -> None:
    """The hook has not handed over yet; the SSH server ends it and asks the daemon."""
    work = make_app(tmp_path / 'work')
    hit.steps.aim('post-receive', 1)
    push = RawPush(ann, work, app, [MAIN])
    assert within(20, lambda: hit.steps.reached)
    signal_all(hit.pids('hook'), signal.SIGSTOP)
    push.leave()
    assert within(20, lambda: not hit.helpers()), hit.helpers()
    assert within(20, lambda: hit.releases(app))
    assert hit.ref(app) == head(work)


def test_a_push_that_is_tried_again_follows_the_build_that_runs(
    ann: Pusher, hit: HitReceiver, tmp_path: Path, app: str
) -> None:
    work = slow_app(tmp_path / 'work', 6, 3)
    pushing = ann.start_push(work, app)
    pushing.wait_for('sleep 6')
    pushing.kill()
    again = ann.push(work, app)
    assert again.status != 0, again.err
    assert '(exit 3)' in again.err
    assert [build.state for build in hit.builds(app)] == [OperationState.FAILED]
    assert hit.ref(app) is None


def test_a_push_that_is_tried_again_succeeds_with_the_build_that_runs(
    ann: Pusher, hit: HitReceiver, tmp_path: Path, app: str
) -> None:
    work = slow_app(tmp_path / 'work', 4, 0)
    pushing = ann.start_push(work, app)
    pushing.wait_for('sleep 4')
    pushing.kill()
    again = ann.push(work, app)
    assert again.status == 0, again.err
    assert [build.state for build in hit.builds(app)] == [OperationState.SUCCEEDED]
    assert hit.ref(app) == head(work)


def test_a_client_that_reads_nothing_holds_up_nobody_and_is_told_the_truth_later(
    ann: Pusher, hit: HitReceiver, tmp_path: Path, app: str
) -> None:
    work = make_app(tmp_path / 'work', {'Dockerfile': running('sleep 2; seq 1 200000; exit 3')})
    pushing = ann.start_push(work, app)
    pushing.wait_for('sleep 2')
    os.killpg(pushing.process.pid, signal.SIGSTOP)
    try:
        assert [build.state for build in hit.settled(app)] == [OperationState.FAILED]
        assert ann.push(make_app(tmp_path / 'other'), f'{app}-other').status == 0
    finally:
        os.killpg(pushing.process.pid, signal.SIGCONT)
    pushed = pushing.end(60)
    assert pushed.status != 0
    assert 'remote rejected' in pushed.err
    check_truth(ann, work, app, pushed)


def test_a_failed_commit_that_is_pushed_again_as_the_daemon_dies_is_built(
    ann: Pusher, hit: HitReceiver, tmp_path: Path, app: str
) -> None:
    """It dies between the announcement and the hand-over, when the branch already names that commit again."""
    work = slow_app(tmp_path / 'work', 0, 3)
    assert ann.push(work, app).status != 0
    before = len(hit.builds(app))
    hit.steps.aim('post-receive', 1)
    pushing = ann.start_push(work, app)
    assert hit.comes_to_step(pushing)
    hit.kill_all(['daemon'], pushing)
    check_truth(ann, work, app, end(pushing, hit))
    assert len(hit.builds(app)) == before + 1
    assert hit.builds(app)[-1].state == OperationState.FAILED


def test_pushes_are_settled_without_a_restart_when_the_ssh_server_and_its_gits_die(
    ann: Pusher, hit: HitReceiver, tmp_path: Path, app: str
) -> None:
    """The refs have moved, the hook has not handed over, and nobody is left to ask: the daemon looks by itself."""
    work = make_app(tmp_path / 'work')
    hit.steps.aim('post-receive', 1)
    pushing = ann.start_push(work, app)
    assert hit.comes_to_step(pushing)
    hit.kill_all(['sshd', 'git', 'hook'], pushing)
    assert pushing.end().status != 0
    daemon = hit.pid('daemon')
    assert within(60, lambda: hit.releases(app)), 'nobody settled it'
    assert hit.pid('daemon') == daemon
    assert hit.ref(app) == head(work)
    hit.start()
    assert ann.push(work, app).status == 0


class TestStandingStill:
    """SIGSTOP."""

    @pytest.mark.slow  # test_report.py has the same of a daemon that stops in a build
    def test_a_daemon_that_does_not_answer_is_said_to_within_seconds(
        self, ann: Pusher, hit: HitReceiver, tmp_path: Path, app: str
    ) -> None:
        work = make_app(tmp_path / 'work')
        os.kill(hit.pid('daemon'), signal.SIGSTOP)
        try:
            start = time.monotonic()
            pushed = ann.push(work, app)
            took = time.monotonic() - start
            verb = ann.ssh('apps')
        finally:
            os.kill(hit.pid('daemon'), signal.SIGCONT)
        assert pushed.status != 0
        assert 'does not answer' in pushed.err
        assert took < 25
        assert verb.status != 0
        assert 'does not answer' in verb.err
        assert hit.ref(app) is None
        assert ann.push(work, app).status == 0

    @pytest.mark.parametrize('good', [True, False])
    def test_a_daemon_that_stands_still_in_a_build_goes_on_and_the_truth_is_told(
        self, ann: Pusher, hit: HitReceiver, tmp_path: Path, app: str, good: bool
    ) -> None:
        work = slow_app(tmp_path / 'work', 2, 0 if good else 3)
        pushing = ann.start_push(work, app)
        pushing.wait_for('sleep 2')
        os.kill(hit.pid('daemon'), signal.SIGSTOP)
        time.sleep(4)
        os.kill(hit.pid('daemon'), signal.SIGCONT)
        check_truth(ann, work, app, pushing.end())

    @pytest.mark.slow
    def test_a_daemon_that_stands_still_for_good_is_no_success(
        self, ann: Pusher, hit: HitReceiver, tmp_path: Path, app: str
    ) -> None:
        work = slow_app(tmp_path / 'work', 2, 0)
        pushing = ann.start_push(work, app)
        pushing.wait_for('sleep 2')
        os.kill(hit.pid('daemon'), signal.SIGSTOP)
        try:
            pushed = pushing.end(90)
        finally:
            os.kill(hit.pid('daemon'), signal.SIGCONT)
        assert pushed.status != 0
        assert 'does not answer' in pushed.err
        check_truth(ann, work, app, pushed, lies=True)

    def test_an_ssh_server_that_stands_still_for_a_while_tells_the_truth_then(
        self, ann: Pusher, hit: HitReceiver, tmp_path: Path, app: str
    ) -> None:
        work = slow_app(tmp_path / 'work', 1, 3)
        pushing = ann.start_push(work, app)
        pushing.wait_for('sleep 1')
        os.kill(hit.pid('sshd'), signal.SIGSTOP)
        hit.settled(app)
        os.kill(hit.pid('sshd'), signal.SIGCONT)
        pushed = pushing.end()
        assert 'remote rejected' in pushed.err
        check_truth(ann, work, app, pushed)
