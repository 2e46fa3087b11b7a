"""The chunks of a slug that another app is given are copied by the service that has them."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import pytest

from gitreceive.adapters.storage.file import FileStorage
from gitreceive.model.app import AppName
from gitreceive.slugs.copy import copy_slug
from gitreceive.slugs.stored import read_manifest
from tests.chunk_cache import HELLO, ChunkCache, member

OTHER = AppName('other')


class Service(FileStorage):
    """Is not on this host; ``sent`` is what was sent to it, ``composed`` what it made. ``broken``: of other bytes."""

    def __init__(self, root: Path, *, broken: bool = False) -> None:
        super().__init__(root)
        self.sent: list[str] = []
        self.composed: list[str] = []
        self._broken = broken

    def url(self, name: str) -> str:
        return f's3://bucket/{name}'

    def put(self, name: str, file: Path) -> str:
        self.sent.append(name)
        return super().put(name, file)

    def compose(self, name: str, parts: Sequence[str], instead_of: str = '') -> str:
        self.composed.append(name)
        if self._broken and '/members/' in name:
            (self._root / name).parent.mkdir(parents=True, exist_ok=True)
            (self._root / name).write_bytes(b'other')
            return self.url(name)
        return super().compose(name, parts, instead_of)


@pytest.fixture
def slug(kept: ChunkCache) -> str:
    """Of two chunks."""
    return kept.layered(member({'src/a': b'a'}), member({'src/b': b'b'})).slug.sha256


def copy(storage: FileStorage, slug: str, work: Path) -> None:
    copy_slug(storage, HELLO, slug, OTHER, work=work, check=lambda: None)


def check_there(storage: FileStorage, slug: str) -> None:
    with storage.open(f'other/{slug}.tgz') as stream:
        assert hashlib.sha256(stream.read()).hexdigest() == slug
    assert read_manifest(storage, OTHER, slug)['app'] == 'other'


def test_a_service_copies_chunks_itself(kept: ChunkCache, slug: str, tmp_path: Path) -> None:
    service = Service(kept.objects)
    copy(service, slug, tmp_path / 'work')
    check_there(service, slug)
    assert service.sent == [f'other/{slug}.json']
    assert len(service.composed) == 3
    copy(service, slug, tmp_path / 'work')
    assert len(service.composed) == 4, 'what is there already is not copied again'


def test_what_a_service_has_copied_wrong_is_sent(kept: ChunkCache, slug: str, tmp_path: Path) -> None:
    service = Service(kept.objects, broken=True)
    copy(service, slug, tmp_path / 'work')
    check_there(service, slug)
