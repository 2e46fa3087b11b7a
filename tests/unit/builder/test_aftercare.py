"""What follows a release is done in the end, whatever is away for a while."""

import dataclasses
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import IO

import pytest

from gitreceive.adapters.storage.file import FileStorage
from gitreceive.builder.aftercare import Aftercare
from gitreceive.errors import StorageError
from tests.shelf import HELLO, READER, Shelf, shelf


class Flapping(FileStorage):
    """A storage that can be away."""

    away = False

    def open(self, name: str) -> AbstractContextManager[IO[bytes]]:
        if self.away:
            raise StorageError(f'{name}: 503')
        return super().open(name)


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Shelf]:
    with shelf(tmp_path) as made:
        yield made


def test_documents_that_an_outage_has_hindered_are_made_when_the_next_build_ends(kept: Shelf) -> None:
    kept.release({'src/a': b'a'})
    storage = Flapping(kept.objects)
    aftercare = Aftercare(dataclasses.replace(kept.keeper, storage=storage), READER)
    for storage.away, documents in ((True, 0), (False, 2)):
        aftercare._look_after(HELLO)
        assert len([name for name in kept.names() if 'sbom' in name or 'provenance' in name]) == documents


def test_a_slug_that_cannot_be_described_is_not_read_again_and_again(
    kept: Shelf, caplog: pytest.LogCaptureFixture
) -> None:
    release = kept.release({'src/a': b'a'})
    kept.path(f'hello/{release.slug.sha256}.tgz').write_bytes(b'damaged')
    aftercare = Aftercare(kept.keeper, READER)
    for _ in range(2):
        aftercare._look_after(HELLO)
    assert caplog.text.count('the documents of hello v1') == 1


def test_it_ends_also_if_it_is_closed_just_when_it_begins_to_look(kept: Shelf) -> None:
    aftercare = Aftercare(kept.keeper, READER)

    class Bell(threading.Event):
        def clear(self) -> None:
            aftercare.close()
            super().clear()

    aftercare._bell = Bell()
    aftercare.ring()
    aftercare.start()
    aftercare.join(10)
    assert not aftercare.is_alive()
