"""A push succeeds if and only if its commit is released, and git's report on its refs says the same."""

import os
import signal
import time
from itertools import count
from pathlib import Path

import pytest

from gitreceive.model.operation import OperationState
from tests.e2e.clients.client import add_remote, tracked
from tests.e2e.receiver import Pusher, Receiver, change, git, head, make_app
from tests.e2e.sshd.sshd_process import descendants
from tests.waiting import wait_until

MAIN = 'refs/heads/main'
FROM = b'FROM gitreceive/cedar:12-build\n'
GOOD = FROM + b'RUN sleep 1\nCOPY . /app/src\n'
BAD = FROM + b'RUN sleep 3; exit 3\n'
SLOW = FROM + b'RUN sleep 8; exit 3\n'

_numbers = count(1)


@pytest.fixture
def app() -> str:
    return f'report-{next(_numbers)}'


@pytest.fixture
def work(tmp_path: Path, ann: Pusher, app: str) -> Path:
    """A working directory whose remote ``deploy`` is the receiver."""
    return add_remote(ann, make_app(tmp_path / 'work', {'Dockerfile': GOOD}), app)


def refused(out: str) -> list[str]:
    """The refs that a porcelain push tells as rejected."""
    return [line for line in out.splitlines() if line.startswith('!')]


def hooks(receiver: Receiver, name: str) -> list[int]:
    """The processes that run a hook of that name."""
    found = []
    for pid in descendants(receiver.pid('sshd')):
        words = Path(f'/proc/{pid}/cmdline')
        if words.exists() and any(word.endswith(f'/{name}') for word in words.read_text().split('\0')[1:]):
            found.append(pid)
    return found


def test_a_failed_build_is_a_rejected_ref_and_the_same_push_works_when_it_is_mended(
    ann: Pusher, app: str, work: Path
) -> None:
    good = ann.git(work, 'push', '--porcelain', 'deploy', 'main')
    assert good.status == 0, good.err
    assert refused(good.out) == []
    live = head(work)
    assert tracked(work) == live
    change(work, {'Dockerfile': BAD})
    bad = ann.git(work, 'push', '--porcelain', 'deploy', 'main')
    assert bad.status == 1
    [line] = refused(bad.out)
    assert line.startswith(f'!\t{MAIN}:{MAIN}\t[remote rejected] (build ')
    assert 'failed: ' in line and 'exit' in line
    assert tracked(work) == live == ann.receiver.ref(app)
    change(work, {'Dockerfile': GOOD})
    git(work, 'commit', '-q', '--amend', '--no-edit')
    mended = ann.git(work, 'push', '--force-with-lease', 'deploy', 'main')
    assert mended.status == 0, mended.err
    assert tracked(work) == head(work) == ann.receiver.ref(app)


def test_other_refs_of_a_failed_push_are_taken_unless_it_is_atomic(ann: Pusher, app: str, work: Path) -> None:
    change(work, {'Dockerfile': BAD})
    one = ann.git(work, 'push', '--porcelain', 'deploy', 'main', 'main:side')
    assert [line.split('\t')[1] for line in refused(one.out)] == [f'{MAIN}:{MAIN}']
    before = ann.receiver.ref(app, 'refs/heads/side')
    assert before == head(work)
    change(work, {'file': b'x'})
    all_or_none = ann.git(work, 'push', '--porcelain', '--atomic', 'deploy', 'main', 'main:side', 'main:new')
    assert all_or_none.status == 1
    assert len(refused(all_or_none.out)) == 3
    assert ann.receiver.ref(app, 'refs/heads/side') == before
    assert ann.receiver.ref(app, 'refs/heads/new') is None


def test_a_plan_rejects_every_ref_and_a_detached_push_is_a_success(ann: Pusher, app: str, work: Path) -> None:
    planned = ann.git(work, 'push', '--porcelain', '-o', 'plan', 'deploy', 'main', 'main:side')
    assert planned.status == 1
    assert len([line for line in refused(planned.out) if '(planned, nothing was released)' in line]) == 2
    assert ann.receiver.ref(app) is None
    assert ann.receiver.builds(app) == []
    detached = ann.git(work, 'push', '--porcelain', '-o', 'detach', 'deploy', 'main')
    assert detached.status == 0, detached.err
    assert refused(detached.out) == []
    [build] = ann.receiver.settled(app)
    assert build.state == OperationState.SUCCEEDED
    assert f'Build {build.number} is queued' in detached.err


@pytest.mark.parametrize(('dockerfile', 'status'), [(BAD, 1), (GOOD.replace(b'sleep 1', b'sleep 3'), 0)])
def test_a_killed_hook_changes_nothing_in_what_the_client_is_told(
    ann: Pusher, app: str, work: Path, dockerfile: bytes, status: int
) -> None:
    change(work, {'Dockerfile': dockerfile})
    push = ann.start_push(work, app)
    wait_until(lambda: hooks(ann.receiver, 'post-receive'), 30, 'the hook')
    for pid in hooks(ann.receiver, 'post-receive'):
        os.kill(pid, signal.SIGKILL)
    done = push.end()
    assert done.status == status, done.err
    assert ('[remote rejected]' in done.err) == bool(status)
    [build] = ann.receiver.settled(app)
    assert build.state == (OperationState.FAILED if status else OperationState.SUCCEEDED)


def test_a_push_of_what_is_being_built_follows_it(ann: Pusher, app: str, work: Path) -> None:
    change(work, {'Dockerfile': SLOW})
    push = ann.start_push(work, app)
    push.wait_for('Building')
    push.kill()
    again = ann.push(work, app)
    assert again.status == 1
    assert 'following it' in again.err
    assert 'up-to-date' not in again.err
    [build] = ann.receiver.settled(app)
    assert build.state == OperationState.FAILED


def test_a_daemon_that_stands_still_is_told_within_a_moment(ann: Pusher, app: str, work: Path) -> None:
    change(work, {'Dockerfile': SLOW.replace(b'8', b'20')})
    push = ann.start_push(work, app)
    push.wait_for('Building')
    daemon = ann.receiver.pid('daemon')
    os.kill(daemon, signal.SIGSTOP)
    try:
        began = time.monotonic()
        done = push.end()
        assert done.status == 1
        assert time.monotonic() - began < 30
        assert 'he daemon does not answer; what was pushed will be built once it is back' in done.err
        assert '[remote rejected]' in done.err
        other = ann.push(work, app, 'main:side')
        assert other.status == 1
        assert 'the daemon does not answer; nothing was changed' in other.err
    finally:
        os.kill(daemon, signal.SIGCONT)
    assert ann.receiver.ref(app, 'refs/heads/side') is None


def test_a_daemon_that_is_killed_in_a_build_is_followed_again(ann: Pusher, app: str, work: Path) -> None:
    change(work, {'Dockerfile': FROM + b'RUN sleep 8\nCOPY . /app/src\n'})
    push = ann.start_push(work, app)
    push.wait_for('Building')
    ann.receiver.kill('daemon')
    done = push.end()
    assert done.status == 0, done.err
    assert done.json['status'] == 'succeeded'
    assert done.err.count('Building') == 2
    assert 'Traceback' not in done.err


def test_too_many_push_options_are_refused_with_a_sentence(ann: Pusher, app: str, work: Path) -> None:
    done = ann.push(work, app, *['-o', 'x'] * 3000, 'main')
    assert done.status != 0
    assert 'too many push options' in done.err
    assert ann.receiver.ref(app) is None
