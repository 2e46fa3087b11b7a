"""A history and a storage for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.shelf import Shelf, shelf


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Shelf]:
    """Keeps the slugs of ten releases."""
    with shelf(tmp_path / 'home') as made:
        yield made
