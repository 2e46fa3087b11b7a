"""The daemon dies at a named point, and the hooks that wait for it die with it."""

import signal
from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest

from gitreceive.points import POINTS
from tests.e2e.kills.receiver import HitReceiver, check_truth, end, next_commit
from tests.e2e.receiver import Pusher, make_app
from tests.waiting import within

OTHERS = ('plan.received', 'document.stored')
"""What a push does not pass, or passes when it has ended."""

ON_FAILURE = ('build.failed', 'ref.moved_back')
QUICK = ('push.announced', 'push.journaled', 'release.recorded', 'build.failed')

_numbers = count(1)


@pytest.fixture(scope='module')
def ann(make_hit_receiver: Callable[..., Pusher], tmp_path_factory: pytest.TempPathFactory) -> Pusher:
    """Her receiver is started by each test."""
    return make_hit_receiver(tmp_path_factory.mktemp('points'))


@pytest.mark.parametrize('hooks', ['hooks die', 'hooks live'])
@pytest.mark.parametrize(
    'point',
    [
        pytest.param(point, marks=[pytest.mark.slow] * (point not in QUICK))
        for point in POINTS
        if point not in OTHERS
    ],
)
def test_no_push_lies_when_the_daemon_dies(ann: Pusher, tmp_path: Path, point: str, hooks: str) -> None:
    hit = ann.receiver
    assert isinstance(hit, HitReceiver)
    app, work = f'points-{next(_numbers)}', make_app(tmp_path / 'work')
    next_commit(work, good=point not in ON_FAILURE, number=1)
    hit.stop('daemon')
    hit.start(GITRECEIVE_KILL_AT=point)
    pushing = ann.start_push(work, app)
    assert within(60, lambda: hit.running['daemon'].poll() is not None), pushing.said
    if hooks == 'hooks die':
        assert hit.signal_hooks(signal.SIGKILL) == 1
    pushed = end(pushing, hit)
    check_truth(ann, work, app, pushed)
    assert ann.push(work, app).status == (1 if point in ON_FAILURE else 0)
