"""What deploys need of the journal and of stored slugs: the stand-ins of unit tests behave as the real ones do."""

import hashlib
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from gitreceive.adapters.slugfiles.entries import GzipSlugReader
from gitreceive.adapters.storage.file import FileStorage
from gitreceive.build.ports import BuiltApps, ReleaseBook, SlugStore
from gitreceive.config.home import Home
from gitreceive.journal import Journal, open_journal
from gitreceive.model.access import Actor
from gitreceive.model.app import AppName
from gitreceive.model.cancellation import BuildClock
from gitreceive.model.errors import NoSuchObject, ReleaseError
from gitreceive.model.operation import Operation, OperationState, redeploy
from gitreceive.model.process import ProcessType
from gitreceive.model.push import Commit
from gitreceive.model.release import Release
from gitreceive.model.slug import Chunk, LayeredSlug, StoredSlug
from gitreceive.run.ports import RunningReleases
from gitreceive.slugs.names import chunk_name
from gitreceive.slugs.store import StoredSlugs
from gitreceive.slugs.verified import put_verified
from tests.building import Lines
from tests.fakes_build import FakeApps, FakeReleases, FakeSlugs
from tests.packing import packed
from tests.releases import release_of

HELLO = AppName('hello')
ANN = Actor(name='ann')


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with closing(open_journal(Home(tmp_path / 'home'))) as made:
        made.apps.add(HELLO, 'refs/heads/main')
        yield made


@pytest.fixture(params=['fake', 'journal'])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_config_vars_are_set_and_removed(kind: str, journal: Journal) -> None:
    apps: BuiltApps = FakeApps() if kind == 'fake' else journal.apps
    apps.change_config(HELLO, {'A': '1', 'B': '2'}, ())
    apps.change_config(HELLO, {'A': '3'}, ('B', 'NONE'))
    found = apps.config(HELLO)
    assert found == {'A': '3'}
    found['C'] = '4'
    assert apps.config(HELLO) == {'A': '3'}, 'what was returned is a copy'


class Book:
    """Releases, and operations that make them."""

    def __init__(self, kind: str, journal: Journal) -> None:
        self._journal, self._fake = journal, FakeReleases() if kind == 'fake' else None
        self.releases: ReleaseBook = self._fake or journal.releases
        self.running: RunningReleases = self._fake or journal.releases

    def operation(self, ended: bool = False) -> Operation:
        """One that runs, or has been cancelled meanwhile."""
        self._journal.operations.submit(HELLO, redeploy(Commit('1' * 40), 'refs/heads/main'), ANN)
        operation = self._journal.operations.claim(retries=False)
        assert operation
        if ended:
            self._journal.operations.finish(operation.number, OperationState.CANCELLED, 'by ann')
            if self._fake:
                self._fake.ended.add(operation.number)
        return operation

    def record(self, slug: str, config: dict[str, str], ended: bool = False) -> Release:
        operation = self.operation(ended)
        web = ProcessType(name='web', command='serve')
        release = release_of(operation, StoredSlug(sha256=slug * 64, size=7), processes=(web,))
        made = self.running.go_live(operation, self.releases.create(operation, release, config))
        if self._fake:
            self._journal.operations.finish(operation.number, OperationState.SUCCEEDED, '')
        return made


def test_releases_are_numbered_and_the_last_is_live(kind: str, journal: Journal) -> None:
    book = Book(kind, journal)
    assert book.releases.live(HELLO) is None
    first, second = book.record('a', {'A': '1'}), book.record('b', {'A': '2'})
    assert (first.version, second.version) == (1, 2)
    assert book.releases.live(HELLO) == second
    assert [each.version for each in book.releases.of(HELLO, 10)] == [2, 1]
    assert [each.version for each in book.releases.of(HELLO, 1)] == [2]
    assert book.releases.get(HELLO, 1) == first
    assert book.releases.get(HELLO, 3) is None
    assert book.releases.config(first) == {'A': '1'}


def test_an_operation_that_has_ended_makes_no_release(kind: str, journal: Journal) -> None:
    book = Book(kind, journal)
    first = book.record('a', {})
    with pytest.raises(ReleaseError, match='no longer running'):
        book.record('b', {}, ended=True)
    assert book.releases.live(HELLO) == first


class Slugs:
    """A store of slugs, and slugs whose chunks are there."""

    def __init__(self, kind: str, folder: Path) -> None:
        self._storage, self._folder = FileStorage(folder / 'slugs'), folder
        real = StoredSlugs(self._storage, GzipSlugReader(), Home(folder / 'home'))
        self.store: SlugStore = FakeSlugs() if kind == 'fake' else real

    def cut(self, text: bytes) -> LayeredSlug:
        content = packed({'src/a': text})
        digest, file = hashlib.sha256(content).hexdigest(), self._folder / 'chunk'
        file.write_bytes(content)
        put_verified(self._storage, chunk_name(HELLO, digest), file, digest)
        chunk = Chunk(sha256=digest, size=len(content))
        return LayeredSlug(chunks=(chunk,), sha256=digest, size=len(content), new=len(content))

    def store_one(self, text: bytes, live: str = '', error: Exception | None = None) -> StoredSlug:
        with self.store.storing(HELLO, self.cut(text), {'app': HELLO}, self._folder, live) as stored:
            if error:
                raise error
            return stored

    def readable(self, sha256: str) -> bool:
        try:
            self.store.restore(HELLO, sha256, lambda: None)
        except NoSuchObject:
            return False
        return True


@pytest.fixture
def slugs(kind: str, tmp_path: Path) -> Slugs:
    return Slugs(kind, tmp_path)


def test_what_was_stored_can_be_read_back_and_nothing_else(slugs: Slugs) -> None:
    first = slugs.store_one(b'1')
    second = slugs.store_one(b'2', live=first.sha256)
    assert slugs.readable(first.sha256) and slugs.readable(second.sha256)
    assert not slugs.readable('0' * 64)


def test_a_slug_that_was_reduced_can_still_be_read(slugs: Slugs) -> None:
    first = slugs.store_one(b'1')
    slugs.store_one(b'2', live=first.sha256)
    slugs.store.reduce(HELLO, {first.sha256})
    slugs.store.reduce(HELLO, {'0' * 64})
    assert slugs.readable(first.sha256)


def test_the_live_slug_is_readable_whatever_becomes_of_the_next(slugs: Slugs) -> None:
    first = slugs.store_one(b'1')
    with pytest.raises(ReleaseError):
        slugs.store_one(b'2', live=first.sha256, error=ReleaseError('cancelled'))
    assert slugs.readable(first.sha256)


def test_reading_back_ends_when_it_is_stopped(slugs: Slugs) -> None:
    first = slugs.store_one(b'1' * 3_000_000)

    def stopped() -> None:
        raise ReleaseError('stopped')

    with pytest.raises(ReleaseError, match='stopped'):
        slugs.store.restore(HELLO, first.sha256, stopped)


def test_growth_against_no_release_is_no_matter(slugs: Slugs) -> None:
    clock = BuildClock(60)
    with slugs.store.keeping(HELLO, clock):
        slugs.store.report_growth(replace(slugs.cut(b'1'), new=0), None, Lines())
    clock.close()
