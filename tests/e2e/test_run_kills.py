"""``kill -9`` of the daemon, the engine's instances or the router in each step of a switch: old or new serves, never none."""

from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest

from gitreceive.model.operation import OperationState
from gitreceive.points import CHANGE_POINTS
from tests.e2e.receiver import Pusher, change, make_app
from tests.e2e.running import APP, RunningReceiver
from tests.waiting import within

_numbers = count(1)

QUICK = ('route.switched',)


@pytest.fixture(scope='module')
def ann(receivers: Callable[..., Pusher], tmp_path_factory: pytest.TempPathFactory) -> Pusher:
    """Pushes to a receiver whose daemon and SSH server are processes without a supervisor."""
    return receivers(tmp_path_factory.mktemp('apart'), RunningReceiver, apart=True)


@pytest.mark.parametrize(
    'point', [pytest.param(each, marks=[pytest.mark.slow] * (each not in QUICK)) for each in CHANGE_POINTS]
)
def test_requests_are_answered_whenever_the_daemon_dies_in_a_switch(
    ann: Pusher, tmp_path: Path, point: str
) -> None:
    receiver, app = ann.receiver, f'kill-{next(_numbers)}'
    assert isinstance(receiver, RunningReceiver)
    work = make_app(tmp_path / 'work', APP)
    receiver.start()
    assert ann.push(work, app).status == 0
    receiver.running['daemon'].terminate()
    receiver.running['daemon'].wait(20)
    receiver.start(GITRECEIVE_KILL_AT=point)
    change(work, {'version': b'two'})
    with receiver.asked(app) as asked:
        pushing = ann.start_push(work, app)
        assert within(60, lambda: receiver.running['daemon'].poll() is not None), pushing.said
        assert receiver.running['daemon'].wait() == -9
        assert receiver.says(app) in ('one', 'two')
        receiver.start()
        pushing.end()
        builds = receiver.settled(app)
        assert within(30, lambda: receiver.says(app) == 'two')
    assert asked.lost == []
    assert [build.state for build in builds] == [OperationState.SUCCEEDED] * 2
    assert [release.state.value for release in receiver.releases(app)] == ['replaced', 'live']
    receiver.settles_to(app, 'v2 web.1')
