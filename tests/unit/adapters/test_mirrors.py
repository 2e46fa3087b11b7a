"""The first storage is the truth; mirrors become like it, whatever happens to them or to the process."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import pytest

from gitreceive.adapters.storage import NOTHING, Surroundings, mirrors, storage_from_urls
from gitreceive.adapters.storage.file import FileStorage
from gitreceive.adapters.storage.http import HttpStorage
from gitreceive.adapters.storage.mirrors import Mirrored, StorageMirror, mirrored
from gitreceive.adapters.storage.secrets import NO_SECRETS
from gitreceive.adapters.web.client import Retries
from gitreceive.model.errors import StorageError
from gitreceive.slugs.ports import Storage
from gitreceive.slugs.verified import put_verified
from tests.fakes_storage import MemoryStorage, WholeStorage
from tests.http_server import Server, running, says
from tests.waiting import wait_until

QUICK = Retries(tries=1, stall_seconds=5)


@pytest.fixture
def slug(tmp_path: Path) -> Path:
    path = tmp_path / 'slug'
    path.write_bytes(b'some bytes')
    return path


@pytest.fixture
def first(tmp_path: Path) -> FileStorage:
    return FileStorage(tmp_path / 'first')


def together(first: Storage, other: Storage, tmp_path: Path) -> tuple[Mirrored, StorageMirror]:
    mirror = StorageMirror(other, 'memory:', tmp_path / 'notes')
    return Mirrored(first, [mirror]), mirror


def notes(tmp_path: Path) -> Sequence[Path]:
    return sorted((tmp_path / 'notes').glob('*'))


def test_what_is_put_and_deleted_arrives_at_the_mirror(
    first: FileStorage, slug: Path, tmp_path: Path
) -> None:
    other = WholeStorage()
    both, mirror = together(first, other, tmp_path)
    assert both.put('hello/1.tgz', slug) == first.url('hello/1.tgz')
    both.put('hello/1.json', slug)
    assert other.objects == {}, 'nobody waits for a mirror'
    mirror.catch_up(first)
    assert other.objects == {'hello/1.tgz': b'some bytes', 'hello/1.json': b'some bytes'}
    both.delete('hello/1.tgz')
    mirror.catch_up(first)
    assert 'hello/1.tgz' in other.objects, 'a whole slug goes with its facts'
    both.delete('hello/1.json')
    mirror.catch_up(first)
    assert other.objects == {}
    assert notes(tmp_path) == []


def test_a_builder_that_starts_while_a_command_deletes_is_no_error(
    first: FileStorage, slug: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = WholeStorage()
    both, mirror = together(first, other, tmp_path)
    both.put('hello/1.json', slug)
    mirror.catch_up(first)
    monkeypatch.setattr(first, 'delete', lambda name: (FileStorage.delete(first, name), mirror.start(first)))
    both.delete('hello/1.json')
    wait_until(lambda: not other.objects and not notes(tmp_path), 20, 'the mirror to follow')


def test_what_came_to_the_first_storage_though_it_said_no_comes_to_the_mirror_too(
    slug: Path, tmp_path: Path
) -> None:
    class Late(MemoryStorage):
        def put(self, name: str, file: Path) -> str:
            super().put(name, file)
            raise StorageError('the answer got lost')

    first, other = Late(), WholeStorage()
    both, mirror = together(first, other, tmp_path)
    with pytest.raises(StorageError, match='got lost'):
        both.put('hello/1.json', slug)
    put_verified(both, 'hello/1.json', slug, hashlib.sha256(slug.read_bytes()).hexdigest())
    mirror.catch_up(first)
    assert other.objects == first.objects
    assert notes(tmp_path) == []


def test_what_an_earlier_process_left_to_do_is_done(
    first: FileStorage, slug: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = WholeStorage()
    together(first, other, tmp_path)[0].put('hello/1.tgz', slug)
    assert len(notes(tmp_path)) == 1
    both, _ = together(first, other, tmp_path)
    both.sweep()
    wait_until(lambda: 'hello/1.tgz' in other.objects and not notes(tmp_path), 20, 'the mirror to follow')
    both.put('hello/2.tgz', slug)
    wait_until(lambda: 'hello/2.tgz' in other.objects, 20, 'the mirror to follow')


def test_a_mirror_that_fails_is_told_and_tried_again(
    first: FileStorage,
    slug: Path,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(mirrors, 'FIRST_PAUSE', 0.01)
    with running(Server()) as server:
        server.faults.extend([None, says(507, b'no more room')] * 2)
        both, _ = together(first, HttpStorage.from_url(server.address, NO_SECRETS, retries=QUICK), tmp_path)
        both.sweep()
        assert both.put('hello/1.tgz', slug) == first.url('hello/1.tgz'), 'the push does not notice'
        wait_until(lambda: not notes(tmp_path), 20, 'the mirror to follow')
        assert server.objects == {'/hello/1.tgz': b'some bytes'}
    assert 'the mirror memory: is behind: 1 not done; PUT ' in caplog.text
    assert 'no more room' in caplog.text


def test_what_a_death_interrupted_is_not_forgotten(first: FileStorage, slug: Path, tmp_path: Path) -> None:
    other = WholeStorage()
    both, mirror = together(first, other, tmp_path)
    dying = mirror.noted('put', 'hello/1.tgz', [])
    dying.__enter__()
    first.put('hello/1.tgz', slug)
    mirror.catch_up(first)
    assert other.objects == {}, 'it may not be there yet'
    both.sweep()
    wait_until(lambda: 'hello/1.tgz' in other.objects and not notes(tmp_path), 20, 'the mirror to follow')


def test_what_the_first_storage_refused_is_not_the_mirrors_business(slug: Path, tmp_path: Path) -> None:
    other = WholeStorage()
    first = FileStorage(tmp_path / 'first')
    both, mirror = together(first, other, tmp_path)
    with pytest.raises(StorageError):
        both.put('hello/1.tgz', tmp_path / 'nothing')
    mirror.catch_up(first)
    assert other.objects == {}
    assert notes(tmp_path) == []


def test_what_fails_holds_up_only_the_same_slug(first: FileStorage, slug: Path, tmp_path: Path) -> None:
    with running(Server()) as server:
        server.faults.extend([None, says(413)])
        both, mirror = together(
            first, HttpStorage.from_url(server.address, NO_SECRETS, retries=QUICK), tmp_path
        )
        for name in ('hello/1.tgz', 'hello/1.json', 'hello/2.tgz'):
            both.put(name, slug)
        with pytest.raises(StorageError, match=r'1 not done; .*413'):
            mirror.catch_up(first)
        assert set(server.objects) == {'/hello/2.tgz'}
        mirror.catch_up(first)
        assert set(server.objects) == {'/hello/1.tgz', '/hello/1.json', '/hello/2.tgz'}


def test_what_the_first_storage_has_not_is_not_waited_for(
    first: FileStorage, slug: Path, tmp_path: Path
) -> None:
    other = WholeStorage()
    both, mirror = together(first, other, tmp_path)
    both.put('hello/1.tgz', slug)
    first.delete('hello/1.tgz')
    mirror.catch_up(first)
    assert other.objects == {} and notes(tmp_path) == []


def test_what_a_mirror_has_no_place_for_stays_to_be_done(
    first: FileStorage, slug: Path, tmp_path: Path
) -> None:
    with running(Server()) as server:
        server.faults.extend([None, says(404, b'no such share')])
        both, mirror = together(
            first, HttpStorage.from_url(server.address, NO_SECRETS, retries=QUICK), tmp_path
        )
        both.put('hello/1.tgz', slug)
        with pytest.raises(StorageError, match=r'404 .*no such share'):
            mirror.catch_up(first)
        assert len(notes(tmp_path)) == 1


def test_a_mirror_that_composes_gets_the_parts_and_another_one_the_whole(slug: Path, tmp_path: Path) -> None:
    first, composing, whole = MemoryStorage(), MemoryStorage(), WholeStorage()
    both = mirrored(first, [('a', composing), ('b', whole)], tmp_path / 'notes')
    assert isinstance(both, mirrors.ComposingMirrored)
    both.put('hello/members/1.gz', slug)
    both.compose('hello/1.tgz', ['hello/members/1.gz', 'hello/members/1.gz'])
    both.put('hello/1.json', slug)
    both.delete('hello/1.tgz')
    for mirror in both.mirrors:
        mirror.catch_up(first)
    assert set(composing.objects) == {'hello/members/1.gz', 'hello/1.json'}
    assert whole.objects == {'hello/1.tgz': b'some bytes' * 2, 'hello/1.json': b'some bytes'}


def test_a_mirror_that_came_later_gets_the_parts_that_it_lacks(slug: Path, tmp_path: Path) -> None:
    first, other = MemoryStorage(), MemoryStorage()
    first.put('hello/members/1.gz', slug)
    both = mirrored(first, [('a', other)], tmp_path / 'notes')
    assert isinstance(both, mirrors.ComposingMirrored)
    both.compose('hello/1.tgz', ['hello/members/1.gz'])
    both.mirrors[0].catch_up(first)
    assert set(other.objects) == {'hello/members/1.gz', 'hello/1.tgz'}
    both.compose('hello/2.tgz', ['hello/members/1.gz'])
    first.delete('hello/members/1.gz')
    other.delete('hello/members/1.gz')
    both.mirrors[0].catch_up(first)
    assert 'hello/2.tgz' not in other.objects, (
        'what it is made of is not there any more, so it is not waited for'
    )


def test_a_note_that_a_crash_has_damaged_is_told_and_holds_nothing_up(
    first: FileStorage, slug: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    other = WholeStorage()
    both, mirror = together(first, other, tmp_path)
    both.put('hello/1.tgz', slug)
    (tmp_path / 'notes' / '0.json').write_text('')
    mirror.catch_up(first)
    assert 'hello/1.tgz' in other.objects and notes(tmp_path) == []
    assert 'damaged in a crash: the mirror memory: may lack an object' in caplog.text


def test_several_urls_are_a_truth_and_its_mirrors(slug: Path, tmp_path: Path) -> None:
    urls = [f'file://{tmp_path}/first', f'file://{tmp_path}/second']
    both = storage_from_urls(urls, Surroundings(folder=tmp_path / 'daemon'))
    both.put('hello/1.tgz', slug)
    both.sweep()
    wait_until((tmp_path / 'second/hello/1.tgz').exists, 20, 'the mirror to follow')
    assert not isinstance(storage_from_urls(urls, NOTHING), Mirrored), 'to read, the first is enough'
