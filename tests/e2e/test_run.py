"""A push ends with the new code answering requests."""

from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest

from tests.e2e.receiver import Pusher, change, make_app
from tests.e2e.running import APP, RunningReceiver

_numbers = count(1)


@pytest.fixture(scope='module')
def ann(receivers: Callable[..., Pusher], tmp_path_factory: pytest.TempPathFactory) -> Pusher:
    pusher = receivers(tmp_path_factory.mktemp('receiver'), RunningReceiver)
    pusher.receiver.start()
    return pusher


@pytest.fixture(scope='module')
def receiver(ann: Pusher) -> RunningReceiver:
    assert isinstance(ann.receiver, RunningReceiver)
    return ann.receiver


@pytest.fixture
def app() -> str:
    return f'run-{next(_numbers)}'


@pytest.fixture
def work(tmp_path: Path) -> Path:
    return make_app(tmp_path / 'work', APP)


def test_a_push_ends_with_the_new_code_answering(
    ann: Pusher, receiver: RunningReceiver, app: str, work: Path
) -> None:
    pushed = ann.push(work, app)
    assert pushed.status == 0, pushed.err
    assert '-----> Starting web.1' in pushed.lines
    assert receiver.says(app) == 'one'
    change(work, {'version': b'two'})
    pushed = ann.push(work, app)
    assert pushed.status == 0, pushed.err
    assert receiver.says(app) == 'two'
    receiver.settles_to(app, 'v2 web.1')
