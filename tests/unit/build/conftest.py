"""What tests of deploys share."""

from pathlib import Path

import pytest

from gitreceive.model.cancellation import BuildClock
from tests.unit.build.deploying import Bound


@pytest.fixture
def here(tmp_path: Path, clock: BuildClock) -> Bound:
    return Bound(tmp_path, clock)
