"""An app is renamed with all that it has, or not at all, whenever it is interrupted."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from types import SimpleNamespace
from typing import cast

import pytest

from gitreceive.access.book import AccessBook
from gitreceive.access.key import PublicKey
from gitreceive.adapters.slugfiles.entries import GzipSlugReader
from gitreceive.daemon import rename as renames
from gitreceive.daemon.log import OperationLog
from gitreceive.daemon.rename import _lead_to_former, _run_under_new_name, rename, renaming, undo_moves
from gitreceive.journal import Journal
from gitreceive.model.access import Actor
from gitreceive.model.app import AppName
from gitreceive.model.cancellation import BuildClock
from gitreceive.model.errors import BuildCancelled, ReleaseError, StateError, StorageError
from gitreceive.model.instance import Instance
from gitreceive.model.operation import Deploy, Operation, OperationState, Rename, Restart
from gitreceive.model.push import NO_COMMIT, Commit, RefUpdate
from gitreceive.model.task import Task
from gitreceive.repositories import ensure_repository
from gitreceive.slugs.chunk_cache import ChunkCache as ChunkIndex
from gitreceive.slugs.store import StoredSlugs
from gitreceive.wiring.receiver import Receiver
from tests import chunk_cache
from tests.running_receiver import RunningReceiver

ANN = Actor(name='ann')
HELLO, WORLD, OTHER = chunk_cache.HELLO, AppName('world'), AppName('other')
BOB = PublicKey(algorithm='ssh-ed25519', blob=b'bob')
EVE = PublicKey(algorithm='ssh-ed25519', blob=b'eve')


@pytest.fixture
def whole(kept: chunk_cache.ChunkCache) -> chunk_cache.ChunkCache:
    """hello, with something of everything, beside another app."""
    for app in (HELLO, OTHER):
        ensure_repository(kept.home.repo(app))
        kept.release({'src/a': b'a'}, app)
        kept.release({'src/a': b'b'}, app)
        kept.journal.apps.change_config(app, {'A': str(app)}, ())
        kept.journal.domains.add(app, f'{app}.example.com', by='ann')
    kept.journal.running.set_sticky(HELLO, True, by='ann')
    book = AccessBook(kept.home.access_db)
    book.add('bob', [BOB], frozenset({'hello', 'third'}))
    book.add('eve', [EVE], frozenset({'other'}))
    return kept


def receiver(kept: chunk_cache.ChunkCache) -> Receiver:
    parts = {'home': kept.home, 'journal': kept.journal, 'retention': kept.retention, 'running': None}
    slugs = StoredSlugs(kept.storage, GzipSlugReader(), kept.home)
    index = ChunkIndex(kept.storage, kept.home.chunk_cache)
    return cast(Receiver, SimpleNamespace(**parts, slugs=slugs, chunk_cache=index))


def claimed(kept: chunk_cache.ChunkCache, to: AppName = WORLD) -> Operation:
    kept.journal.operations.submit(HELLO, Rename(source=HELLO, to=to), ANN)
    operation = kept.journal.operations.claim(retries=True, builds=False)
    assert operation
    return operation


def carry_out(operation: Operation, kept: chunk_cache.ChunkCache) -> None:
    with closing(BuildClock(60)) as clock, OperationLog(kept.home.log(operation.number), 10_000) as console:
        rename(Task(operation=operation, console=console, cancellation=clock), receiver(kept))


def reached(kept: chunk_cache.ChunkCache) -> dict[str, list[str]]:
    grants = AccessBook(kept.home.access_db).list()
    return {grant.name: sorted(grant.apps or ()) for grant in grants}


def check_is(name: AppName, kept: chunk_cache.ChunkCache) -> None:
    """Everything has this name, and nothing the other one."""
    gone, journal = (WORLD if name == HELLO else HELLO), kept.journal
    assert journal.apps.all() == sorted([name, OTHER])
    assert journal.apps.config(name) == {'A': 'hello'}
    live = journal.releases.live(name)
    assert live and (live.version, live.app) == (2, name)
    assert [journal.releases.of(gone, -1), journal.operations.active(gone)] == [[], []]
    assert journal.domains.owner('hello.example.com') == name
    assert journal.running.route(name).sticky and not journal.running.route(gone).sticky
    assert {path.name for path in kept.home.repos.glob('*.git')} == {f'{name}.git', 'other.git'}
    assert {each.partition('/')[0] for each in kept.names()} == {name, 'other'}
    assert reached(kept) == {'bob': sorted([name, 'third']), 'eve': ['other']}
    kept.retention.collect(name)
    assert not [found for found in kept.verifier().verify_app(name) if found.harms]


def test_everything_has_the_new_name_afterwards(whole: chunk_cache.ChunkCache) -> None:
    operation = claimed(whole)
    later = whole.journal.operations.submit(HELLO, Restart(), ANN)
    carry_out(operation, whole)
    ended = whole.journal.operations.get(operation.number)
    assert ended and (ended.app, ended.state, ended.live) == (WORLD, OperationState.SUCCEEDED, 2)
    assert whole.journal.operations.active(WORLD) == [whole.journal.operations.get(later.number)]
    whole.journal.operations.finish(later.number, OperationState.CANCELLED, 'by the test')
    check_is(WORLD, whole)
    assert whole.release({'src/a': b'c'}, WORLD).version == 3
    assert whole.release({'src/a': b'c'}, HELLO).version == 1, 'the old name is free'


class Killed(BaseException):
    """The process dies."""


@pytest.mark.parametrize('where', ['rename.copied', 'rename.moved', 'rename.committed'])
def test_it_is_carried_on_after_a_kill_at_any_point(
    whole: chunk_cache.ChunkCache, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(name: str) -> None:
        if name == where:
            raise Killed

    operation = claimed(whole)
    with monkeypatch.context() as patched:
        patched.setattr(renames, 'point', die)
        patched.setattr(renames, '_undoing', lambda request, receiver: closing(SimpleNamespace(close=int)))
        with pytest.raises(Killed):
            carry_out(operation, whole)
    undo_moves(receiver(whole))
    names = {path.name for path in whole.home.repos.glob('*.git')}
    new = where == 'rename.committed'
    assert names == {'world.git' if new else 'hello.git', 'other.git'}
    assert whole.journal.apps.all() == sorted([WORLD if new else HELLO, OTHER])
    (again,) = whole.journal.operations.requeue_running()
    assert again.attempt == 2
    operation = whole.journal.operations.claim(retries=True, builds=False) or again
    carry_out(operation, whole)
    check_is(WORLD, whole)


def test_what_fails_leaves_the_old_name_to_everything(
    whole: chunk_cache.ChunkCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*words: object) -> None:
        raise StateError('the disk is full')

    def away(*words: object) -> None:
        raise StorageError('the storage is away')

    def stopped(*words: object) -> None:
        raise BuildCancelled('cancelled by ann')

    journal = type(whole.journal.apps)
    for owner, name, error in (
        (journal, 'rename', full),
        (StoredSlugs, 'copy', away),
        (BuildClock, 'check', stopped),
        (AccessBook, 'also_reach', full),
    ):
        operation = claimed(whole)
        with monkeypatch.context() as patched:
            patched.setattr(owner, name, error)
            with pytest.raises((StateError, StorageError, BuildCancelled)):
                carry_out(operation, whole)
        whole.journal.operations.finish(operation.number, OperationState.FAILED, 'no')
        check_is(HELLO, whole)


def test_the_name_of_another_app_is_not_taken(whole: chunk_cache.ChunkCache) -> None:
    operation = claimed(whole, OTHER)
    with pytest.raises((StateError, ReleaseError)):
        carry_out(operation, whole)
    live = whole.journal.releases.live(OTHER)
    assert live and live.version == 2
    assert whole.home.repo(HELLO).exists() and whole.home.repo(OTHER).exists()


def test_a_directory_that_is_in_the_way_stops_it(whole: chunk_cache.ChunkCache) -> None:
    ensure_repository(whole.home.repo(WORLD))
    operation = claimed(whole)
    with pytest.raises(StateError, match='cannot rename the repository'):
        carry_out(operation, whole)
    assert whole.journal.apps.config(HELLO) == {'A': 'hello'}


def test_what_is_being_pushed_is_not_renamed(whole: chunk_cache.ChunkCache) -> None:
    update = RefUpdate(old=NO_COMMIT, new=Commit('1' * 40), ref='refs/heads/main')
    whole.journal.operations.announce(HELLO, Deploy(update=update), ANN)
    operation = claimed(whole)
    with pytest.raises(ReleaseError, match='being pushed to hello right now'):
        carry_out(operation, whole)


def test_both_names_are_known_as_long_as_it_is_under_way(whole: chunk_cache.ChunkCache) -> None:
    operation = claimed(whole)
    assert renaming(HELLO, whole.journal) == renaming(WORLD, whole.journal) == operation.request
    assert renaming(OTHER, whole.journal) is None
    carry_out(operation, whole)
    assert renaming(HELLO, whole.journal) is None


@pytest.fixture
def runs() -> Iterator[RunningReceiver]:
    """hello runs v1, with a domain that is world's from now on."""
    with closing(BuildClock(60)) as clock:
        made = RunningReceiver(clock)
        made.running.supervision.look()
        made.deploy()
        yield made


def moved(runs: RunningReceiver) -> Task:
    """What is left to be done of a renaming; the journal says so already."""
    live = runs.releases.live(HELLO)
    assert live
    request = Rename(source=HELLO, to=WORLD)
    task = runs.task(request, app=WORLD)
    of_world = SimpleNamespace(live=lambda app: replace(live, app=WORLD) if app == WORLD else None)
    journal = cast(Journal, SimpleNamespace(releases=of_world, running=runs.apps))
    _lead_to_former(task, request, runs.running)
    _run_under_new_name(task, request, journal, runs.running)
    return task


def test_what_runs_has_the_new_name_and_nothing_the_old_one(runs: RunningReceiver) -> None:
    answering: list[str] = []

    def ask(instance: Instance, check: object, lived: float) -> str:
        if len(answering) < 2:
            answering.extend(runs.leads(WORLD))
            return 'not yet'
        return ''

    assert runs.runs(HELLO) == ['v1 web.1']
    runs.ask = ask
    moved(runs)
    assert answering == ['v1 web.1'] * 2, 'what ran answers until the new ones do'
    assert (runs.runs(WORLD), runs.runs(HELLO)) == (['v1 web.1'], [])
    assert runs.leads(WORLD) == ['v1 web.1']
    assert HELLO not in runs.router.routes


def test_what_does_not_come_up_under_the_new_name_is_told_and_looked_after(runs: RunningReceiver) -> None:
    runs.ask = lambda instance, check, lived: 'nothing accepts on its port'
    moved(runs)
    assert any('world is not up yet, and is looked after' in line for line in runs.console.warnings)
    assert runs.runs(HELLO) == []
