"""URLs with a release's number: a slug is sent before its release has one, and is found under it ever after."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from gitreceive.adapters.storage import Surroundings, storage_from_urls
from gitreceive.adapters.storage.http import HttpStorage
from gitreceive.adapters.storage.mirrors import StorageMirror
from gitreceive.adapters.storage.secrets import NO_SECRETS
from gitreceive.adapters.web.client import Retries
from gitreceive.model.errors import NoSuchObject, SettingsError
from gitreceive.slugs.verified import put_verified
from tests.chunk_cache import ChunkCache, chunk_cache
from tests.http_server import Server, running
from tests.packing import packed, sha256

QUICK = Retries(tries=2, first_seconds=0.001, longest_seconds=0.002, stall_seconds=5)
ONE, TWO, THREE = (packed({'src/a': content}) for content in (b'1', b'2', b'3'))
NUMBER, BOTH = '{app}/v{version}.tgz', '{app}/v{version}-{sha256}.tgz'


class Place:
    """A server, and a receiver's releases."""

    def __init__(self, server: Server, kept: ChunkCache, folder: Path) -> None:
        self.server, self.kept, self.folder = server, kept, folder

    def storage(self, template: str) -> HttpStorage:
        """As a process that has just started has it."""
        url = f'{self.server.address}/{template}'
        return HttpStorage.from_url(
            url, NO_SECRETS, self.folder / 'sent', self.kept.journal.releases.versions, QUICK
        )

    def release(self, slug: bytes) -> None:
        """Records one."""
        self.kept.layered(slug)

    def store(self, template: str, slug: bytes, kind: str = '.tgz', said: bytes = b'') -> str:
        """What a build puts there, and where it is then."""
        content = said or slug
        file = self.folder / 'content'
        file.write_bytes(content)
        name = f'hello/{sha256(slug)}{kind}'
        url = put_verified(self.storage(template), name, file, hashlib.sha256(content).hexdigest())
        return url.removeprefix(f'{self.server.address}/')

    def read(self, template: str, slug: bytes, kind: str = '.tgz') -> bytes:
        """What is found when a slug is asked for."""
        with self.storage(template).open(f'hello/{sha256(slug)}{kind}') as stream:
            return stream.read()


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with running(Server()) as server, chunk_cache(tmp_path / 'home') as kept:
        yield Place(server, kept, tmp_path)


@pytest.mark.parametrize('template', [NUMBER, BOTH])
def test_a_slug_has_the_number_of_its_first_release(place: Place, template: str) -> None:
    for number, slug in enumerate((ONE, TWO), 1):
        end = f'-{sha256(slug)}' if template == BOTH else ''
        assert place.store(template, slug) == f'hello/v{number}{end}.tgz'
        assert place.store(template, slug, '.json', b'facts') == f'hello/v{number}{end}.json'
        place.release(slug)
        assert place.store(template, slug, '.sbom.json', b'bill') == f'hello/v{number}{end}.sbom.json'
    place.release(ONE)
    assert '/v1' in place.store(template, ONE)
    assert (place.read(template, ONE), place.read(template, TWO)) == (ONE, TWO)
    assert len(place.server.objects) == 6, 'the same slug is not sent again for another release'


def test_a_release_that_comes_meanwhile_moves_nothing(place: Place) -> None:
    place.store(NUMBER, ONE)
    place.release(ONE)
    place.store(NUMBER, TWO)
    place.release(ONE)
    assert place.store(NUMBER, TWO, '.json', b'facts') == 'hello/v2.json'
    place.release(TWO)
    assert place.read(NUMBER, TWO) == TWO and place.read(NUMBER, TWO, '.json') == b'facts'
    assert place.store(NUMBER, THREE) == 'hello/v4.tgz'


def test_what_a_build_without_a_release_left_gives_way_and_takes_nothing_along(place: Place) -> None:
    place.store(NUMBER, ONE)
    place.store(NUMBER, ONE, '.json', b'facts')
    assert place.store(NUMBER, TWO) == 'hello/v1.tgz'
    assert list(place.storage(NUMBER).list()) == [f'hello/{sha256(TWO)}.tgz']
    place.storage(NUMBER).delete(f'hello/{sha256(ONE)}.tgz')
    place.release(TWO)
    assert place.read(NUMBER, TWO) == TWO
    assert place.store(NUMBER, ONE) == 'hello/v2.tgz'
    assert place.read(NUMBER, TWO) == TWO


def test_what_is_deleted_is_deleted_where_it_is(place: Place) -> None:
    place.store(BOTH, ONE)
    place.release(ONE)
    place.release(TWO)
    place.storage(BOTH).delete(f'hello/{sha256(ONE)}.tgz')
    assert place.server.objects == {} and list(place.storage(BOTH).list()) == []


def test_without_notes_a_slug_is_looked_for_under_its_first_release(place: Place) -> None:
    place.release(TWO)
    place.store(NUMBER, ONE)
    place.release(ONE)
    place.release(TWO)
    for note in (place.folder / 'sent').rglob('*.tgz'):
        note.unlink()
    assert place.read(NUMBER, ONE) == ONE
    with pytest.raises(NoSuchObject):
        place.read(NUMBER, THREE)


def test_a_mirror_numbers_what_comes_late_by_its_release(place: Place, tmp_path: Path) -> None:
    first = place.kept.storage
    mirror = StorageMirror(place.storage(NUMBER), 'there', tmp_path / 'notes')
    for slug in (ONE, TWO):
        with mirror.noted('put', f'hello/{sha256(slug)}.tgz', []):
            (tmp_path / 'slug').write_bytes(slug)
            first.put(f'hello/{sha256(slug)}.tgz', tmp_path / 'slug')
        place.release(slug)
    mirror.catch_up(first)
    assert place.server.objects == {'/hello/v1.tgz': ONE, '/hello/v2.tgz': TWO}


def test_a_number_needs_the_history(place: Place, tmp_path: Path) -> None:
    url = f'{place.server.address}/{NUMBER}'
    with pytest.raises(SettingsError, match="needs the receiver's journal"):
        storage_from_urls([url], Surroundings(folder=tmp_path))
    known = Surroundings(folder=tmp_path, versions=place.kept.journal.releases.versions)
    assert list(storage_from_urls([url], known).list()) == []
