"""A destroyed app leaves nothing, and a new one of its name begins anew."""

from contextlib import closing
from types import SimpleNamespace
from typing import cast

import pytest

from gitreceive.daemon.destroy import destroy
from gitreceive.daemon.log import OperationLog
from gitreceive.model.access import Actor
from gitreceive.model.app import AppName
from gitreceive.model.cancellation import BuildClock
from gitreceive.model.errors import ReleaseError, StorageError
from gitreceive.model.operation import Destroy, Operation, OperationState, redeploy
from gitreceive.model.push import Commit
from gitreceive.model.task import Task
from gitreceive.repositories import ensure_repository
from gitreceive.slugs.chunk_cache import ChunkCache
from gitreceive.wiring.receiver import Receiver
from tests import chunk_cache

ANN = Actor(name='ann')
HELLO = chunk_cache.HELLO
OTHER = AppName('other')


def receiver(kept: chunk_cache.ChunkCache) -> Receiver:
    parts = {'home': kept.home, 'journal': kept.journal, 'retention': kept.retention}
    return cast(
        Receiver,
        SimpleNamespace(**parts, chunk_cache=ChunkCache(kept.storage, kept.home.chunk_cache), running=None),
    )


def claimed(kept: chunk_cache.ChunkCache) -> Operation:
    kept.journal.operations.submit(HELLO, Destroy(), ANN)
    operation = kept.journal.operations.claim(retries=False, builds=False)
    assert operation
    return operation


def carry_out(operation: Operation, kept: chunk_cache.ChunkCache) -> None:
    with closing(BuildClock(60)) as clock, OperationLog(kept.home.log(operation.number), 10_000) as console:
        destroy(Task(operation=operation, console=console, cancellation=clock), receiver(kept))


def test_nothing_of_it_is_left_and_nothing_of_others_is_touched(kept: chunk_cache.ChunkCache) -> None:
    for app in (HELLO, OTHER):
        kept.release({'src/a': b'a'}, app)
        ensure_repository(kept.home.repo(app))
        kept.journal.apps.change_config(app, {'A': 'b'}, ())
        kept.home.log(1).parent.mkdir(exist_ok=True)
        (added := kept.home.certificates / 'added').mkdir(parents=True, exist_ok=True)
        (added / f'{app}.pem').write_text('a key')
    kept.home.log(1).write_text('secrets')
    operation = claimed(kept)
    carry_out(operation, kept)
    assert [path.name for path in added.iterdir()] == ['other.pem']
    assert {name.partition('/')[0] for name in kept.names()} == {'other'}
    assert [path.name for path in kept.home.repos.iterdir()] == ['other.git']
    journal = kept.journal
    assert (journal.apps.all(), journal.apps.config(HELLO), journal.releases.of(HELLO)) == ([OTHER], {}, [])
    assert [each.number for each in journal.operations.of(HELLO)] == [operation.number]
    assert journal.operations.of(HELLO)[0].state is OperationState.SUCCEEDED
    assert not kept.home.log(1).exists()
    assert journal.releases.live(OTHER) and journal.apps.config(OTHER) == {'A': 'b'}
    assert kept.release({'src/a': b'a'}).version == 1


def test_what_was_interrupted_is_carried_on(kept: chunk_cache.ChunkCache) -> None:
    kept.release({'src/a': b'a'})
    operation = claimed(kept)
    ensure_repository(kept.home.repo(HELLO))
    kept.home.repo(HELLO).rename(kept.home.repos / f'.gone-{operation.number}')
    carry_out(operation, kept)
    assert list(kept.home.repos.iterdir()) == kept.names() == kept.journal.apps.all() == []


def test_what_is_pushed_while_it_goes_is_a_new_app(kept: chunk_cache.ChunkCache) -> None:
    kept.release({'src/a': b'a'})
    operation = claimed(kept)
    later = kept.journal.operations.submit(HELLO, redeploy(Commit('1' * 40), 'refs/heads/main'), ANN)
    carry_out(operation, kept)
    assert kept.journal.operations.active(HELLO) == [later]
    assert kept.journal.apps.deploy_branch(HELLO) == 'refs/heads/main'
    assert kept.journal.releases.live(HELLO) is None


def test_a_removal_that_was_cancelled_leaves_the_rows(kept: chunk_cache.ChunkCache) -> None:
    release = kept.release({'src/a': b'a'})
    operation = claimed(kept)
    kept.journal.operations.finish(operation.number, OperationState.CANCELLED, 'by ann')
    with pytest.raises(ReleaseError, match='removal of hello is no longer running'):
        kept.journal.apps.destroy(operation)
    assert kept.journal.releases.live(HELLO) == release


def test_an_app_whose_storage_is_away_stays(
    kept: chunk_cache.ChunkCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept.release({'src/a': b'a'})
    ensure_repository(kept.home.repo(HELLO))

    def away(name: str) -> None:
        raise StorageError('503')

    monkeypatch.setattr(kept.storage, 'delete', away)
    with pytest.raises(StorageError):
        carry_out(claimed(kept), kept)
    assert kept.home.repo(HELLO).is_dir() and kept.journal.apps.all() == [HELLO]
