"""At every line of the hooks, ``kill -9``: of the hook alone, the daemon alone, both, git, the SSH server, all."""

from collections.abc import Iterable
from functools import partial
from itertools import count
from pathlib import Path

import pytest

from tests.e2e.kills.receiver import HitReceiver, Strike, check_truth, end, next_commit
from tests.e2e.kills.steps import HOOKS
from tests.e2e.kills.victims import STANDING, STILL_SECONDS, UNHEARD, VICTIMS
from tests.e2e.receiver import Pusher, make_app

FEW = (20, 60)
"""Where the first blow falls in each run of the tests, and how many lines on the next."""

APART = 16
"""Lines between two blows in the slow tests; each of them begins at another line."""

_numbers = count(1)


@pytest.mark.parametrize(
    ('hook', 'victim'),
    [(hook, who) for hook in HOOKS for who in VICTIMS if hook == 'post-receive' or who not in UNHEARD],
)
def test_no_push_lies_whatever_dies_at_some_lines_of_a_hook(
    ann: Pusher, hit: HitReceiver, tmp_path: Path, hook: str, victim: str
) -> None:
    kill = partial(hit.kill_all, VICTIMS[victim])
    assert blows(ann, tmp_path / 'work', hook, count(*FEW), kill, lies=may_lie(hook, victim)) >= 1


@pytest.mark.slow
@pytest.mark.parametrize('first', range(1, APART + 1))
@pytest.mark.parametrize('victim', VICTIMS)
@pytest.mark.parametrize('hook', HOOKS)
def test_no_push_lies_whatever_dies_at_any_line_of_a_hook(
    ann: Pusher, hit: HitReceiver, tmp_path: Path, hook: str, victim: str, first: int
) -> None:
    kill = partial(hit.kill_all, VICTIMS[victim])
    assert blows(ann, tmp_path / 'work', hook, count(first, APART), kill, lies=may_lie(hook, victim)) >= 1


@pytest.mark.slow
@pytest.mark.parametrize('victim', STANDING)
@pytest.mark.parametrize('hook', HOOKS)
def test_no_push_lies_whatever_stands_still_at_some_lines_of_a_hook(
    ann: Pusher, hit: HitReceiver, tmp_path: Path, hook: str, victim: str
) -> None:
    stop = partial(hit.stop_all, [victim], seconds=STILL_SECONDS)
    assert blows(ann, tmp_path / 'work', hook, count(1, APART), stop) >= 1


def may_lie(hook: str, victim: str) -> bool:
    """Whether a failure may be reported although the build was good: nobody is left who could be asked."""
    return victim in UNHEARD or (hook, victim) == ('pre-receive', 'git')


def blows(
    ann: Pusher,
    folder: Path,
    hook: str,
    lines: Iterable[int],
    strike: Strike,
    *,
    lies: bool = False,
) -> int:
    """Pushes once for each of the lines, until the hook does not come that far; how often it did."""
    hit, app, work = ann.receiver, f'lines-{next(_numbers)}', make_app(folder)
    assert isinstance(hit, HitReceiver)
    for hits, line in enumerate(lines):
        hit.start()
        next_commit(work, good=hits % 2 == 0, number=line)
        hit.steps.aim(hook, line)
        pushing = ann.start_push(work, app)
        came = hit.comes_to_step(pushing)
        if came:
            strike(pushing)
        pushed = end(pushing, hit)
        hit.steps.spare()
        check_truth(ann, work, app, pushed, lies=lies)
        if not came:
            return hits
    raise AssertionError('there is always another line')
