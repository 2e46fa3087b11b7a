"""The sysadmin stops all that runs, whether the daemon runs or not; it starts again with the daemon."""

from collections.abc import Callable

import pytest

from tests.e2e.receiver import Pusher, change, make_app
from tests.e2e.running import APP, RunningReceiver
from tests.waiting import within

PATIENCE = 60


@pytest.mark.slow
def test_halting_stops_all_until_the_daemon_starts_anew(
    receivers: Callable[..., Pusher], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp('halt')
    ann = receivers(folder, RunningReceiver, apart=True)
    receiver = ann.receiver
    assert isinstance(receiver, RunningReceiver)
    receiver.start()
    work = make_app(folder / 'work', APP)
    assert ann.push(work, 'hello').status == 0

    halted = receiver.host('halt')
    assert halted.status == 0, halted.err
    assert 'Stopped hello web.1\n' in halted.out
    assert 'carries nothing out' in halted.out
    assert receiver.containers('hello') == []
    assert not within(2, lambda: receiver.containers('hello'))
    with pytest.raises(OSError):
        receiver.get('hello')
    refused = ann.ssh('run', 'hello', '--', 'true')
    assert (refused.status, 'ending' in refused.err) == (1, True)
    change(work, {'version': b'two'})
    assert ann.push(work, 'hello').status == 1

    receiver.kill('daemon')
    again = receiver.host('halt')
    assert (again.status, 'Stopped' in again.out) == (0, False)
    receiver.start()
    receiver.settles_to('hello', 'v2 web.1', seconds=PATIENCE)
    assert receiver.says('hello') == 'two'

    receiver.kill('daemon')
    down = receiver.host('halt')
    assert (down.status, 'Stopped hello web.1' in down.out) == (0, True)
    assert receiver.containers('hello') == []
