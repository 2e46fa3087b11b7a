"""A slug is stored when it has been read back, and not before."""

import hashlib
import json
from pathlib import Path

import pytest

from gitreceive.errors import StorageError
from gitreceive.model import Slug
from gitreceive.stages.store import store_slug
from tests.fakes_storage import MemoryStorage

ABOUT = {
    'app': 'hello',
    'commit': '1' * 40,
    'versions': {'node': '22.1.0'},
    'process_types': {'web': 'npm start'},
}


@pytest.fixture
def slug(tmp_path: Path) -> Slug:
    path = tmp_path / 'slug.tgz'
    path.write_bytes(b'some bytes')
    return Slug(path=path, sha256=hashlib.sha256(b'some bytes').hexdigest(), size=10)


def test_a_slug_and_its_facts_are_stored_under_its_checksum(slug: Slug) -> None:
    storage = MemoryStorage()
    stored = store_slug(slug, ABOUT, storage, 'hello')
    assert stored.url == f'memory:/hello/{slug.sha256}.tgz'
    assert sorted(storage.objects) == [f'hello/{slug.sha256}.json', f'hello/{slug.sha256}.tgz']
    facts = json.loads(storage.objects[f'hello/{slug.sha256}.json'])
    assert facts == {**ABOUT, 'sha256': slug.sha256, 'size': 10}


def test_the_same_slug_is_not_sent_twice(slug: Slug) -> None:
    storage = MemoryStorage()
    first = store_slug(slug, ABOUT, storage, 'hello')
    assert store_slug(slug, dict(reversed(ABOUT.items())), storage, 'hello') == first
    assert storage.puts == 2


def test_a_damaged_object_of_that_name_is_replaced(slug: Slug) -> None:
    storage = MemoryStorage()
    storage.objects[f'hello/{slug.sha256}.tgz'] = b'some byte'
    store_slug(slug, ABOUT, storage, 'hello')
    assert storage.objects[f'hello/{slug.sha256}.tgz'] == b'some bytes'


def test_a_put_that_came_back_different_is_tried_once_more(slug: Slug) -> None:
    storage = MemoryStorage(damage=1)
    store_slug(slug, ABOUT, storage, 'hello')
    assert storage.objects[f'hello/{slug.sha256}.tgz'] == b'some bytes'


def test_a_storage_that_keeps_damaging_is_an_error_and_keeps_nothing(slug: Slug) -> None:
    storage = MemoryStorage(damage=99)
    with pytest.raises(StorageError, match='came back different'):
        store_slug(slug, ABOUT, storage, 'hello')
    assert storage.objects == {}


def test_no_temporary_file_is_left(slug: Slug) -> None:
    store_slug(slug, ABOUT, MemoryStorage(), 'hello')
    with pytest.raises(StorageError):
        store_slug(slug, ABOUT, MemoryStorage(damage=99), 'hello')
    assert list(slug.path.parent.iterdir()) == [slug.path]
