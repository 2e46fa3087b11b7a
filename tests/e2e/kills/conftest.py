"""Somebody who pushes to a receiver that is hit."""

from collections.abc import Callable, Iterator
from functools import partial

import pytest

from tests.e2e.kills.receiver import HitReceiver
from tests.e2e.receiver import Pusher


@pytest.fixture(scope='module')
def make_hit_receiver(receivers: Callable[..., Pusher]) -> Callable[..., Pusher]:
    """Makes receivers that are not started; they end with the module."""
    return partial(receivers, kind=HitReceiver, GITRECEIVE_APPS_PER_KEY='10000')


@pytest.fixture(scope='module')
def ann(make_hit_receiver: Callable[..., Pusher], tmp_path_factory: pytest.TempPathFactory) -> Pusher:
    """May push to the module's receiver, which runs."""
    pusher = make_hit_receiver(tmp_path_factory.mktemp('hit'))
    pusher.receiver.start()
    return pusher


@pytest.fixture
def hit(ann: Pusher) -> Iterator[HitReceiver]:
    """The module's receiver, as a test finds it: everything runs, nothing waits at a step."""
    assert isinstance(ann.receiver, HitReceiver)
    ann.receiver.steps.spare()
    ann.receiver.start()
    yield ann.receiver
    ann.receiver.steps.spare()
