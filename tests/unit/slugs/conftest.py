"""A journal and a storage for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chunk_cache import ChunkCache, chunk_cache


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[ChunkCache]:
    """Keeps the slugs of ten releases."""
    with chunk_cache(tmp_path / 'home') as made:
        yield made
