"""A push of 50,000 refs: its report, and what dies or stands still while it is under way."""

import os
import shutil
import signal
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from gitreceive.model.app import AppName
from tests.e2e.kills.receiver import HitReceiver, check_truth, end
from tests.e2e.kills.steps import HOOKS
from tests.e2e.kills.victims import ON_FAILURE, VICTIMS
from tests.e2e.receiver import Pusher, git, head, make_app
from tests.waiting import within

pytestmark = pytest.mark.slow

REFS, SOME = 50_000, 100
ALL = 'refs/heads/*:refs/heads/*'
FAILS = b'FROM gitreceive/cedar:12-build\nRUN sleep 1; exit 3\n'

STEPS = [
    *(('good', hook, line) for hook in HOOKS for line in (1, 15, 30, 45)),
    *(('good', 'daemon', point) for point in ('push.announced', 'push.received', 'push.journaled')),
    *(('good', 'daemon', point) for point in ('build.started', 'release.live')),
    *(('failing', 'post-receive', line) for line in (1, 30)),
    *(('failing', 'daemon', point) for point in ON_FAILURE),
]
"""Whose push waits, and where."""

_numbers = count(1)


@pytest.fixture
def app(hit: HitReceiver) -> Iterator[str]:
    """A name of its own for each test. Its refs go with it: they are 100,000 files."""
    app = f'many-{next(_numbers)}'
    yield app
    shutil.rmtree(hit.home.repo(AppName(app)), ignore_errors=True)


@pytest.fixture(scope='module', params=['good', 'failing'])
def work(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of one commit, with that many branches; its build succeeds or fails."""
    files = {} if request.param == 'good' else {'Dockerfile': FAILS}
    work = make_app(tmp_path_factory.mktemp('many') / 'work', files)
    commit = head(work)
    given = ''.join(f'create refs/heads/b/{number} {commit}\n' for number in range(REFS - 1))
    git(work, 'update-ref', '--stdin', given=given.encode())
    return work


def test_the_report_of_many_refs_is_true(ann: Pusher, hit: HitReceiver, app: str, work: Path) -> None:
    pushed = ann.push(work, app, ALL, timeout=300)
    check_truth(ann, work, app, pushed)
    rejected = [line for line in pushed.err.splitlines() if line.startswith(' !')]
    assert [line.split('->')[1].split()[0] for line in rejected] == (['main'] if pushed.status else [])


@pytest.mark.parametrize('victim', ['hook', 'daemon', 'both'])
@pytest.mark.parametrize(('work', 'who', 'step'), STEPS, indirect=['work'])
def test_a_push_of_many_refs_does_not_lie(
    ann: Pusher, hit: HitReceiver, app: str, work: Path, victim: str, who: str, step: str | int
) -> None:
    hit.steps.aim(who, step)
    pushing = ann.start_push(work, app, ALL)
    assert hit.comes_to_step(pushing)
    hit.kill_all(VICTIMS[victim], pushing)
    check_truth(ann, work, app, end(pushing, hit))


def test_a_daemon_that_stands_still_takes_no_push_of_many_refs(
    ann: Pusher, hit: HitReceiver, app: str, work: Path
) -> None:
    """The request is larger than what the socket holds."""
    os.kill(hit.pid('daemon'), signal.SIGSTOP)
    try:
        start = time.monotonic()
        pushed = ann.push(work, app, ALL, timeout=300)
        took = time.monotonic() - start
    finally:
        os.kill(hit.pid('daemon'), signal.SIGCONT)
    assert pushed.status != 0
    assert 'does not answer' in pushed.err
    assert took < 60
    check_truth(ann, work, app, pushed)


def test_a_daemon_that_stands_still_behind_many_refs_is_no_success(
    ann: Pusher, hit: HitReceiver, app: str, work: Path
) -> None:
    hit.steps.aim('post-receive', 1)
    pushing = ann.start_push(work, app, ALL)
    assert hit.comes_to_step(pushing)
    os.kill(hit.pid('daemon'), signal.SIGSTOP)
    hit.steps.go_on()
    try:
        pushed = pushing.end(120)
    finally:
        os.kill(hit.pid('daemon'), signal.SIGCONT)
    assert pushed.status != 0
    check_truth(ann, work, app, pushed, lies=True)


@pytest.mark.parametrize('victims', [['git'], ['sshd', 'git'], ['daemon', 'git']], ids='-'.join)
def test_who_dies_while_git_moves_many_refs_is_in_the_way_of_no_later_push(
    ann: Pusher, hit: HitReceiver, app: str, work: Path, victims: list[str]
) -> None:
    repo = hit.home.repo(AppName(app))
    pushing = ann.start_push(work, app, ALL)
    assert within(120, lambda: sum(1 for _ in repo.glob('refs/heads/b/*')) > SOME)
    hit.kill_all(victims, pushing)
    check_truth(ann, work, app, end(pushing, hit), lies=True)
    assert within(10, lambda: not [*repo.glob('refs/**/*.lock')])
    check_truth(ann, work, app, ann.push(work, app, ALL, timeout=300))
    assert sum(1 for _ in repo.glob('refs/heads/b/*')) == REFS - 1


def test_a_client_that_leaves_while_git_moves_many_refs_is_in_the_way_of_no_later_push(
    ann: Pusher, hit: HitReceiver, app: str, work: Path
) -> None:
    """git is killed when its client has been gone for a moment."""
    repo = hit.home.repo(AppName(app))
    pushing = ann.start_push(work, app, ALL)
    assert within(120, lambda: sum(1 for _ in repo.glob('refs/heads/b/*')) > SOME)
    pushing.kill()
    assert within(10, lambda: not hit.helpers())
    check_truth(ann, work, app, ann.push(work, app, ALL, timeout=300))
    assert sum(1 for _ in repo.glob('refs/heads/b/*')) == REFS - 1
