"""Another app is given a slug: the same bytes under its own name."""

from pathlib import Path

import pytest

from gitreceive.model.app import AppName
from gitreceive.model.errors import BuildCancelled, NoSuchObject
from gitreceive.slugs.copy import copy_slug
from gitreceive.slugs.stored import chunks_of, open_slug, read_manifest
from tests.chunk_cache import HELLO, ChunkCache, member
from tests.packing import packed

OTHER = AppName('other')


def copy(kept: ChunkCache, sha256: str, work: Path, source: AppName = HELLO) -> None:
    copy_slug(kept.storage, source, sha256, OTHER, work=work, check=lambda: None)


@pytest.mark.parametrize('layered', [True, False])
def test_all_of_a_slug_is_there_under_the_other_name(kept: ChunkCache, tmp_path: Path, layered: bool) -> None:
    files = packed({'src/a': b'1'})
    release = kept.layered(member({'x': b'x'}), files) if layered else kept.release({'src/a': b'1'})
    copy(kept, release.slug.sha256, tmp_path / 'work')
    with open_slug(kept.storage, OTHER, release.slug.sha256) as stream:
        assert len(stream.read(1 << 20)) == release.slug.size
    chunks = chunks_of(read_manifest(kept.storage, OTHER, release.slug.sha256))
    assert len(chunks) == (2 if layered else 0)
    assert f'other/{release.slug.sha256}.tgz' in kept.names()
    assert list((tmp_path / 'work').iterdir()) == []
    before = kept.names()
    copy(kept, release.slug.sha256, tmp_path / 'work')
    assert kept.names() == before


def test_a_slug_that_is_not_there_is_told(kept: ChunkCache, tmp_path: Path) -> None:
    with pytest.raises(NoSuchObject):
        copy(kept, 'a' * 64, tmp_path)


def test_a_copy_can_be_stopped_and_leaves_no_facts(kept: ChunkCache, tmp_path: Path) -> None:
    release = kept.layered(member({'x': b'x'}), packed({'src/a': b'1'}))

    def check() -> None:
        raise BuildCancelled('cancelled by ann')

    with pytest.raises(BuildCancelled):
        copy_slug(kept.storage, HELLO, release.slug.sha256, OTHER, work=tmp_path / 'work', check=check)
    assert f'other/{release.slug.sha256}.json' not in kept.names()
