"""``kill -9`` at every line of the hooks: of the hook alone, the daemon alone, both, git, the SSH server, all."""

import signal
from collections.abc import Iterable
from itertools import count
from pathlib import Path

import pytest

from tests.e2e.kills.receiver import HitReceiver, check_truth, end, next_commit
from tests.e2e.receiver import Pusher, make_app

VICTIMS = {
    'hook': ('hook',),
    'daemon': ('daemon',),
    'both': ('daemon', 'hook'),
    'git': ('git',),
    'sshd': ('sshd',),
    'all': ('daemon', 'sshd', 'git', 'hook'),
}
UNHEARD = ('sshd', 'all')
"""Whose death cuts the client off from the truth; git's does, too, before it has written its report."""

HOOKS = ('pre-receive', 'post-receive')
FEW = (20, 60)
"""Where the first blow falls in each run of the tests, and how many lines on the next."""

APART = 16
"""Lines between two blows in the slow tests; each of them begins at another line."""

ANY_FOURTH = range(1, APART + 1, 4)
"""Lines at which others than the hook itself die."""

_numbers = count(1)


@pytest.mark.parametrize(
    ('hook', 'victim'),
    [(hook, who) for hook in HOOKS for who in VICTIMS if hook == 'post-receive' or who not in UNHEARD],
)
def test_no_push_lies_whatever_dies_at_some_lines_of_a_hook(
    ann: Pusher, hit: HitReceiver, tmp_path: Path, hook: str, victim: str
) -> None:
    assert blows(ann, hit, tmp_path / 'work', (hook, victim), count(*FEW)) >= 1


@pytest.mark.slow
@pytest.mark.parametrize(
    ('victim', 'first'),
    [(who, first) for who in VICTIMS for first in (range(1, APART + 1) if who == 'hook' else ANY_FOURTH)],
)
@pytest.mark.parametrize('hook', HOOKS)
def test_no_push_lies_whatever_dies_at_any_line_of_a_hook(
    ann: Pusher, hit: HitReceiver, tmp_path: Path, hook: str, victim: str, first: int
) -> None:
    blows(ann, hit, tmp_path / 'work', (hook, victim), count(first, APART))


def blows(ann: Pusher, hit: HitReceiver, folder: Path, what: tuple[str, str], lines: Iterable[int]) -> int:
    """Pushes once for each of the lines, until the hook does not come that far; how often something died."""
    hook, victim = what
    app, work = f'lines-{next(_numbers)}', make_app(folder)
    for hits, line in enumerate(lines):
        hit.start()
        signals = [(hit.pid(who) if who in hit.parts else who, signal.SIGKILL) for who in VICTIMS[victim]]
        next_commit(work, good=hits % 2 == 0, number=line)
        hit.hooks.aim(hook, line, signals)
        pushed = end(ann.start_push(work, app), hit)
        died = hit.hooks.hit
        hit.hooks.spare()
        check_truth(ann, work, app, pushed, lies=victim in UNHEARD or what == ('pre-receive', 'git'))
        if not died:
            return hits
    raise AssertionError('there is always another line')
