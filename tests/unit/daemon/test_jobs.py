"""What follows a release is done in the end, whatever is away for a while."""

import threading
from contextlib import AbstractContextManager
from typing import IO

import pytest

from gitreceive.adapters.storage.file import FileStorage
from gitreceive.daemon.jobs import PostReleaseJobs
from gitreceive.model.errors import EngineGone, StorageError
from gitreceive.model.push import NO_COMMIT, Commit
from gitreceive.repositories import ensure_repository, git, keep_commit, read_ref
from tests.chunk_cache import HELLO, ChunkCache


class Flapping(FileStorage):
    """A storage that can be away."""

    away = False

    def open(self, name: str) -> AbstractContextManager[IO[bytes]]:
        if self.away:
            raise StorageError(f'{name}: 503')
        return super().open(name)


def test_documents_that_an_outage_has_hindered_are_made_when_the_next_build_ends(kept: ChunkCache) -> None:
    kept.release({'src/a': b'a'})
    storage = Flapping(kept.objects)
    jobs = PostReleaseJobs(kept.retained(storage), kept.documented(storage), lambda: None)
    for storage.away, documents in ((True, 0), (False, 2)):
        jobs._look_after(HELLO)
        assert len([name for name in kept.names() if 'sbom' in name or 'provenance' in name]) == documents


def test_a_slug_that_cannot_be_described_is_not_read_again_and_again(
    kept: ChunkCache, caplog: pytest.LogCaptureFixture
) -> None:
    release = kept.release({'src/a': b'a'})
    kept.path(f'hello/{release.slug.sha256}.tgz').write_bytes(b'damaged')
    jobs = PostReleaseJobs(kept.retention, kept.documents)
    for _ in range(2):
        jobs._look_after(HELLO)
    assert caplog.text.count('the documents of hello v1') == 1


def test_it_ends_also_if_it_is_closed_just_when_it_begins_to_look(kept: ChunkCache) -> None:
    jobs = PostReleaseJobs(kept.retention, kept.documents)

    class Bell(threading.Event):
        def clear(self) -> None:
            jobs.close()
            super().clear()

    jobs._bell = Bell()
    jobs.ring()
    jobs.start()
    jobs.join(10)
    assert not jobs.is_alive()


def test_what_follows_a_release_also_tidies_the_engine_and_the_repository(kept: ChunkCache) -> None:
    release = kept.release({'src/a': b'a'})
    repo = kept.home.repo(HELLO)
    ensure_repository(repo)
    tree = git(repo, 'hash-object', '-t', 'tree', '-w', '--stdin').stdout.decode().strip()
    who = ('-c', 'user.name=ann', '-c', 'user.email=ann@example.test')
    commit = Commit(git(repo, *who, 'commit-tree', tree, '-m', 'x').stdout.decode().strip())
    keep_commit(repo, 7, commit)
    looked = threading.Event()
    jobs = PostReleaseJobs(kept.retention, kept.documents, looked.set)
    jobs.start()
    assert looked.wait(10)
    jobs.close()
    jobs.join(10)
    assert read_ref(repo, 'refs/releases/v7') == NO_COMMIT, f'there is only v{release.version}'


def test_an_engine_that_is_gone_hinders_nothing_else(
    kept: ChunkCache, caplog: pytest.LogCaptureFixture
) -> None:
    rung = threading.Semaphore(0)

    def gone() -> None:
        rung.release()
        raise EngineGone('no engine')

    jobs = PostReleaseJobs(kept.retention, kept.documents, gone)
    jobs.start()
    for _ in range(2):
        assert rung.acquire(timeout=10)
        jobs.ring()
    jobs.close()
    jobs.join(10)
    assert 'images that no app needs: no engine' in caplog.text
