"""What tests of several packages ask for by name."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from gitreceive.model.cancellation import BuildClock
from tests.chunk_cache import ChunkCache, chunk_cache


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[ChunkCache]:
    """A journal and a storage; keeps the slugs of ten releases."""
    with chunk_cache(tmp_path / 'home') as made:
        yield made


@pytest.fixture
def clock() -> Iterator[BuildClock]:
    """A minute for a build."""
    with closing(BuildClock(60)) as made:
        yield made
