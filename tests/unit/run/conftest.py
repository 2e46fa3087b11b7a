"""What tests of running share."""

import pytest

from gitreceive.model.cancellation import BuildClock
from tests.running_receiver import RunningReceiver


@pytest.fixture
def here(clock: BuildClock) -> RunningReceiver:
    """A receiver without apps, whose supervision has looked once."""
    made = RunningReceiver(clock)
    made.running.supervision.look()
    return made
