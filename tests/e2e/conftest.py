"""A receiver for a module's stories, and somebody who may push to it."""

from collections.abc import Callable

import pytest

from tests.e2e.receiver import Pusher, Receiver


@pytest.fixture(scope='module')
def ann(receivers: Callable[..., Pusher], tmp_path_factory: pytest.TempPathFactory) -> Pusher:
    """Somebody who may push to the module's receiver, which is running."""
    pusher = receivers(tmp_path_factory.mktemp('receiver'), GITRECEIVE_BUILDS_PARALLEL='4')
    pusher.receiver.start()
    return pusher


@pytest.fixture(scope='module')
def receiver(ann: Pusher) -> Receiver:
    """The module's receiver."""
    return ann.receiver
