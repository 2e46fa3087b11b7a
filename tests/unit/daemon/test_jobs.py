"""What follows a release is done in the end, whatever is away for a while."""

import dataclasses
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import IO

import pytest

from gitreceive.adapters.storage.file import FileStorage
from gitreceive.daemon.jobs import PostReleaseJobs
from gitreceive.model.errors import StorageError
from tests.chunk_cache import HELLO, READER, ChunkCache, chunk_cache


class Flapping(FileStorage):
    """A storage that can be away."""

    away = False

    def open(self, name: str) -> AbstractContextManager[IO[bytes]]:
        if self.away:
            raise StorageError(f'{name}: 503')
        return super().open(name)


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[ChunkCache]:
    with chunk_cache(tmp_path) as made:
        yield made


def test_documents_that_an_outage_has_hindered_are_made_when_the_next_build_ends(kept: ChunkCache) -> None:
    kept.release({'src/a': b'a'})
    storage = Flapping(kept.objects)
    jobs = PostReleaseJobs(dataclasses.replace(kept.keeper, storage=storage), READER)
    for storage.away, documents in ((True, 0), (False, 2)):
        jobs._look_after(HELLO)
        assert len([name for name in kept.names() if 'sbom' in name or 'provenance' in name]) == documents


def test_a_slug_that_cannot_be_described_is_not_read_again_and_again(
    kept: ChunkCache, caplog: pytest.LogCaptureFixture
) -> None:
    release = kept.release({'src/a': b'a'})
    kept.path(f'hello/{release.slug.sha256}.tgz').write_bytes(b'damaged')
    jobs = PostReleaseJobs(kept.keeper, READER)
    for _ in range(2):
        jobs._look_after(HELLO)
    assert caplog.text.count('the documents of hello v1') == 1


def test_it_ends_also_if_it_is_closed_just_when_it_begins_to_look(kept: ChunkCache) -> None:
    jobs = PostReleaseJobs(kept.keeper, READER)

    class Bell(threading.Event):
        def clear(self) -> None:
            jobs.close()
            super().clear()

    jobs._bell = Bell()
    jobs.ring()
    jobs.start()
    jobs.join(10)
    assert not jobs.is_alive()
