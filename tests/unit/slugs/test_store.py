"""A slug is stored when its members are, and whoever finds its facts finds the slug."""

import hashlib
import json
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import IO

import pytest

from gitreceive.adapters.storage.file import FileStorage
from gitreceive.model.app import AppName
from gitreceive.model.errors import BuildCancelled, StorageError
from gitreceive.model.slug import Chunk, LayeredSlug
from gitreceive.slugs.names import chunk_name
from gitreceive.slugs.store import StoredSlugs, slug_json, store_slug
from gitreceive.slugs.stored import chunks_of, complete_slug, open_slug, reduce_slug, replacing
from gitreceive.slugs.verified import put_verified
from tests.chunk_cache import READER, ChunkCache
from tests.fakes_storage import MemoryStorage

APP = AppName('hello')
ABOUT = {
    'app': 'hello',
    'commit': '1' * 40,
    'versions': {'node': '22.1.0'},
    'process_types': {'web': 'npm start'},
}
PARTS = (b'runtime ', b'and code')
WHOLE = b''.join(PARTS)


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@pytest.fixture
def storage() -> MemoryStorage:
    made = MemoryStorage()
    made.objects = {chunk_name(APP, digest(part)): part for part in PARTS}
    return made


@pytest.fixture
def slug() -> LayeredSlug:
    members = tuple(Chunk(sha256=digest(part), size=len(part)) for part in PARTS)
    return LayeredSlug(chunks=members, sha256=digest(WHOLE), size=len(WHOLE), new=8)


def test_the_whole_is_made_of_the_members_and_its_facts_lie_beside_it(
    slug: LayeredSlug, storage: MemoryStorage, tmp_path: Path
) -> None:
    stored = store_slug(slug, ABOUT, storage, APP, tmp_path)
    assert (stored.sha256, stored.size) == (slug.sha256, len(WHOLE))
    assert storage.objects[f'hello/{slug.sha256}.tgz'] == WHOLE
    facts = json.loads(storage.objects[f'hello/{slug.sha256}.json'])
    members = [{'sha256': digest(part), 'size': len(part)} for part in PARTS]
    assert facts == {**ABOUT, 'sha256': slug.sha256, 'size': 16, 'members': members}


def test_a_damaged_whole_is_made_again(slug: LayeredSlug, storage: MemoryStorage, tmp_path: Path) -> None:
    store_slug(slug, ABOUT, storage, APP, tmp_path)
    storage.objects[f'hello/{slug.sha256}.tgz'] = WHOLE[::-1]
    store_slug(slug, dict(reversed(ABOUT.items())), storage, APP, tmp_path)
    assert storage.objects[f'hello/{slug.sha256}.tgz'] == WHOLE
    assert storage.puts == 1, 'the same facts are not sent twice'


def test_without_a_member_there_is_no_slug(slug: LayeredSlug, storage: MemoryStorage, tmp_path: Path) -> None:
    del storage.objects[chunk_name(APP, digest(PARTS[0]))]
    with pytest.raises(StorageError, match='no such object'):
        store_slug(slug, ABOUT, storage, APP, tmp_path)
    assert not [name for name in storage.objects if slug.sha256 in name]


def test_a_whole_of_another_size_is_an_error_and_not_kept(
    slug: LayeredSlug, storage: MemoryStorage, tmp_path: Path
) -> None:
    storage.objects[chunk_name(APP, digest(PARTS[0]))] = b'short'
    with pytest.raises(StorageError, match='13 bytes instead of 16'):
        store_slug(slug, ABOUT, storage, APP, tmp_path)
    assert not [name for name in storage.objects if slug.sha256 in name]


def test_facts_that_keep_being_damaged_are_an_error(
    slug: LayeredSlug, storage: MemoryStorage, tmp_path: Path
) -> None:
    storage.damage = 99
    with pytest.raises(StorageError, match='came back different'):
        store_slug(slug, ABOUT, storage, APP, tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize('whole', ['there', 'reduced', 'cut'])
def test_a_slug_is_read_from_what_there_is_of_it(
    slug: LayeredSlug, storage: MemoryStorage, tmp_path: Path, whole: str
) -> None:
    store_slug(slug, ABOUT, storage, APP, tmp_path)
    if whole == 'reduced':
        reduce_slug(storage, APP, slug.sha256)
        assert f'hello/{slug.sha256}.tgz' not in storage.objects
    if whole == 'cut':
        storage.objects[f'hello/{slug.sha256}.tgz'] = WHOLE[:-1]
    with open_slug(storage, APP, slug.sha256) as stream:
        assert stream.read(5) + stream.read(100) == WHOLE
        assert stream.read(1) == b''


@pytest.mark.parametrize('damage', [None, WHOLE[:-1], b''])
def test_a_whole_that_was_not_on_disk_before_a_power_cut_is_made_again(
    slug: LayeredSlug, storage: MemoryStorage, tmp_path: Path, damage: bytes | None
) -> None:
    store_slug(slug, ABOUT, storage, APP, tmp_path)
    assert not complete_slug(storage, APP, slug.sha256)
    del storage.objects[f'hello/{slug.sha256}.tgz']
    if damage is not None:
        storage.objects[f'hello/{slug.sha256}.tgz'] = damage
    assert complete_slug(storage, APP, slug.sha256)
    assert storage.objects[f'hello/{slug.sha256}.tgz'] == WHOLE


def test_a_slug_that_was_changed_in_storage_is_told_at_its_end(
    slug: LayeredSlug, storage: MemoryStorage, tmp_path: Path
) -> None:
    store_slug(slug, ABOUT, storage, APP, tmp_path)
    storage.objects[f'hello/{slug.sha256}.tgz'] = WHOLE.upper()
    with open_slug(storage, APP, slug.sha256) as stream:
        with pytest.raises(StorageError, match='changed in storage'):
            stream.read(100)


def test_a_slug_that_was_stored_whole_is_neither_reduced_nor_lost(storage: MemoryStorage) -> None:
    name = digest(WHOLE)
    storage.objects[f'hello/{name}.tgz'] = WHOLE
    storage.objects[f'hello/{name}.json'] = json.dumps({'sha256': name, 'size': len(WHOLE)}).encode()
    reduce_slug(storage, APP, name)
    with open_slug(storage, APP, name) as stream:
        assert stream.read(100) == WHOLE


def test_damaged_facts_are_told(storage: MemoryStorage) -> None:
    storage.objects['hello/1.json'] = b'{'
    with pytest.raises(StorageError, match=r'hello/1.json in storage is damaged'):
        reduce_slug(storage, APP, '1')


def test_what_came_back_different_is_sent_once_more(tmp_path: Path) -> None:
    (tmp_path / 'file').write_bytes(WHOLE)
    storage = MemoryStorage(damage=1)
    put_verified(storage, 'a', tmp_path / 'file', digest(WHOLE))
    put_verified(storage, 'a', tmp_path / 'file', digest(WHOLE))
    assert (storage.objects['a'], storage.puts) == (WHOLE, 2)


class Unreadable(MemoryStorage):
    """Takes and removes objects, and lets nobody read them, as in an outage that begins between two requests."""

    def open(self, name: str) -> AbstractContextManager[IO[bytes]]:
        raise StorageError(f'{name}: 503 try again later')


def test_what_cannot_be_read_back_is_not_removed_for_other_slugs_may_need_it(tmp_path: Path) -> None:
    (tmp_path / 'file').write_bytes(WHOLE)
    storage = Unreadable()
    storage.objects['a'] = WHOLE
    with pytest.raises(StorageError, match='a: 503 try again later'):
        put_verified(storage, 'a', tmp_path / 'file', digest(WHOLE))
    assert storage.objects['a'] == WHOLE


def test_the_slug_that_is_live_is_whole_again_if_the_next_one_is_not_released(
    slug: LayeredSlug, tmp_path: Path
) -> None:
    storage = FileStorage(tmp_path / 'slugs')
    for number, part in enumerate((*PARTS, b'and newer code')):
        (tmp_path / f'{number}').write_bytes(part)
        storage.put(chunk_name(APP, digest(part)), tmp_path / f'{number}')
    store_slug(slug, ABOUT, storage, APP, tmp_path)
    new = b'and newer code'
    members = (slug.chunks[0], Chunk(sha256=digest(new), size=len(new)))
    later = LayeredSlug(chunks=members, sha256=digest(PARTS[0] + new), size=len(PARTS[0] + new), new=len(new))
    live, whole = tmp_path / 'slugs' / 'hello' / f'{slug.sha256}.tgz', WHOLE
    with pytest.raises(BuildCancelled), replacing(storage, APP, slug.sha256) as former:
        store_slug(later, ABOUT, storage, APP, tmp_path, former)
        assert not live.exists()
        raise BuildCancelled('cancelled')
    assert live.read_bytes() == whole
    with replacing(storage, APP, '') as none:
        assert none == ''


def test_what_a_chunk_unpacks_to_is_recorded_where_it_is_known(slug: LayeredSlug) -> None:
    first = replace(slug.chunks[0], diff_id='d' * 64)
    facts = json.loads(slug_json(replace(slug, chunks=(first, *slug.chunks[1:])), {}))
    assert [each.get('diff_id') for each in facts['members']] == ['d' * 64, None]
    assert [chunk.diff_id for chunk in chunks_of(facts)] == ['d' * 64, '']


def test_slugs_that_were_moved_are_told_and_read_where_they_are_now(kept: ChunkCache, tmp_path: Path) -> None:
    release, moved = kept.release({'app/src/file': b'x'}), tmp_path / 'elsewhere'
    kept.objects.rename(moved)
    slugs = StoredSlugs(FileStorage(moved), READER, kept.home)
    assert slugs.url(release) == f'file://{moved}/hello/{release.slug.sha256}.tgz'
    slugs.restore(release.app, release.slug.sha256, lambda: None)
    assert (moved / 'hello' / f'{release.slug.sha256}.tgz').is_file()
