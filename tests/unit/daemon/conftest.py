"""A receiver's home for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.receiver_home import ReceiverHome, receiver_home


@pytest.fixture
def here(tmp_path: Path) -> Iterator[ReceiverHome]:
    with receiver_home(tmp_path / 'home') as made:
        yield made
