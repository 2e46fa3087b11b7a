"""At every named point of the daemon something dies, or stands still for a while."""

from functools import partial
from itertools import count
from pathlib import Path

import pytest

from gitreceive.points import POINTS
from tests.e2e.kills.receiver import HitReceiver, Strike, check_truth, end, next_commit
from tests.e2e.kills.victims import ON_FAILURE, STANDING, STILL_SECONDS, UNHEARD, VICTIMS
from tests.e2e.receiver import Pusher, make_app

OTHERS = ('plan.received', 'document.stored')
"""What a push does not pass, or passes when it has ended."""

ON_SECOND = ('slug.reduced',)

UNACCEPTED = ('push.announced',)
"""Where git has not moved the refs yet: what dies there may be told as a failure, and is one."""

QUICK_KILLS = (
    ('push.announced', 'daemon'),
    ('push.journaled', 'both'),
    ('release.live', 'hook'),
    ('build.failed', 'all'),
)
QUICK_STOPS = (('push.received', 'daemon'), ('release.live', 'hook'))
PASSED = [point for point in POINTS if point not in OTHERS]

_numbers = count(1)


def quick_or_slow(victims: tuple[str, ...], quick: tuple[tuple[str, str], ...]) -> list[object]:
    """Every point with every victim, as parameters."""
    every = [(point, victim) for point in PASSED for victim in victims]
    return [pytest.param(*each, marks=[pytest.mark.slow] * (each not in quick)) for each in every]


@pytest.mark.parametrize(('point', 'victim'), quick_or_slow(tuple(VICTIMS), QUICK_KILLS))
def test_no_push_lies_whatever_dies_at_a_point(
    ann: Pusher, hit: HitReceiver, tmp_path: Path, point: str, victim: str
) -> None:
    lies = victim in UNHEARD or (victim == 'git' and point in UNACCEPTED)
    strike_at(ann, tmp_path / 'work', point, partial(hit.kill_all, VICTIMS[victim]), lies=lies)


@pytest.mark.parametrize(('point', 'victim'), quick_or_slow(STANDING, QUICK_STOPS))
def test_no_push_lies_whatever_stands_still_at_a_point(
    ann: Pusher, hit: HitReceiver, tmp_path: Path, point: str, victim: str
) -> None:
    strike_at(ann, tmp_path / 'work', point, partial(hit.stop_all, [victim], seconds=STILL_SECONDS))


def strike_at(ann: Pusher, work: Path, point: str, strike: Strike, *, lies: bool = False) -> None:
    """Pushes once; when the daemon comes to the point, the blow falls. The same push tells the truth afterwards."""
    hit, app, good = ann.receiver, f'points-{next(_numbers)}', point not in ON_FAILURE
    assert isinstance(hit, HitReceiver)
    make_app(work)
    if point in ON_SECOND:
        assert ann.push(work, app).status == 0
    next_commit(work, good=good, number=1)
    hit.steps.aim('daemon', point)
    pushing = ann.start_push(work, app)
    assert hit.comes_to_step(pushing), pushing.said
    strike(pushing)
    check_truth(ann, work, app, end(pushing, hit), lies=lies)
    assert ann.push(work, app).status == (0 if good else 1)
