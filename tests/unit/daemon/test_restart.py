"""What the builder puts right when it starts."""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from gitreceive.build.deploy import Line
from gitreceive.daemon import restart
from tests.chunk_cache import ChunkCache, chunk_cache, member
from tests.fakes_storage import MemoryStorage
from tests.packing import packed


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[ChunkCache]:
    with chunk_cache(tmp_path / 'home') as made:
        yield made


@pytest.fixture
def boot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What names the run of the host."""
    file = tmp_path / 'boot_id'
    file.write_text('first')
    monkeypatch.setattr(restart, 'BOOT_ID', file)
    return file


def complete(kept: ChunkCache, storage: object = None) -> None:
    line = SimpleNamespace(journal=kept.journal, home=kept.home, storage=storage or kept.storage)
    restart.complete(cast(Line, line))


def test_a_slug_that_a_power_cut_has_filled_with_zeros_is_made_again_after_it(
    kept: ChunkCache, boot: Path
) -> None:
    release = kept.layered(member({'heroku/x': b'x'}), packed({'src/a': b'1'}))
    complete(kept)
    whole = kept.path(f'hello/{release.slug.sha256}.tgz')
    content = whole.read_bytes()
    whole.write_bytes(bytes(len(content)))
    complete(kept)
    assert whole.read_bytes() == bytes(len(content)), 'it is read once for each run of the host'
    boot.write_text('second')
    complete(kept)
    assert whole.read_bytes() == content
    whole.write_bytes(content[:-1])
    complete(kept)
    assert whole.read_bytes() == content


def test_a_slug_elsewhere_is_not_fetched_after_a_power_cut_here(
    kept: ChunkCache, boot: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage = MemoryStorage()
    release = kept.layered(member({'heroku/x': b'x'}), packed({'src/a': b'1'}))
    for name in kept.names():
        storage.put(name, kept.path(name))
    complete(kept, storage)
    name = f'hello/{release.slug.sha256}.tgz'
    monkeypatch.setattr(storage, 'open', refuse_but(storage, name))
    boot.write_text('second')
    complete(kept, storage)
    assert name in storage.objects


def refuse_but(storage: MemoryStorage, refused: str):
    """Opens everything else."""
    opened = storage.open

    def open_(name: str):
        assert name != refused
        return opened(name)

    return open_
