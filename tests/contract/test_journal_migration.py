"""The journal of the version before is read once, whole or not at all, and stays beside the new one."""

import hashlib
import os
import re
import resource
import signal
import sqlite3
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from gitreceive.adapters.slugfiles.entries import GzipSlugReader
from gitreceive.adapters.storage.file import FileStorage
from gitreceive.build.rollback import roll_back
from gitreceive.config.home import Home
from gitreceive.daemon.log import OperationLog
from gitreceive.journal import Journal, making, open_journal
from gitreceive.journal.cipher import read_key
from gitreceive.model.access import Actor
from gitreceive.model.app import AppName
from gitreceive.model.cancellation import BuildClock
from gitreceive.model.errors import StateError
from gitreceive.model.operation import Deploy, Operation, OperationState, Rollback
from gitreceive.model.release import ReleaseState
from gitreceive.model.task import Task
from gitreceive.run.rollout import only_release
from gitreceive.slugs.documents import Documents
from gitreceive.slugs.inventory import Inventory
from gitreceive.slugs.retention import Retention
from gitreceive.slugs.store import StoredSlugs
from gitreceive.slugs.verify import Verifier
from tests.dying import die_after, in_child
from tests.former_home import RELEASES, FormerHome

HELLO, OTHER = AppName('hello'), AppName('other')
ANN = Actor(name='ann', key='SHA256:k')
SEALED = re.compile('gAAAA[0-9A-Za-z_=-]+')


@pytest.fixture
def former(tmp_path: Path) -> FormerHome:
    return FormerHome(tmp_path / 'home')


def dump(home: Home) -> list[str]:
    """All that is in the journal, decrypted."""
    unseal = read_key(home.journal_db).unseal
    with closing(sqlite3.connect(home.journal_db)) as db:
        return [SEALED.sub(lambda found: unseal(found[0]), line) for line in db.iterdump()]


def checksum(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def files(home: Home) -> set[str]:
    """What lies in the daemon's directory, but for what SQLite needs beside an open file."""
    return {path.name for path in home.daemon.iterdir() if not path.name.endswith(('-wal', '-shm'))}


@pytest.mark.parametrize('schema', [1, 2])
def test_everything_is_still_listed(tmp_path: Path, schema: int) -> None:
    former = FormerHome(tmp_path / 'home', schema)
    with closing(open_journal(former.home)) as journal:
        assert journal.apps.all() == [HELLO, OTHER]
        assert journal.apps.deploy_branch(HELLO) == 'refs/heads/main'
        assert journal.apps.config(HELLO) == {'DATABASE_URL': 'postgres://u:p@h/db?x=1'}
        assert journal.apps.allowed_paths(HELLO) == (['/app/src/test/key.pem'] if schema == 2 else [])
        assert journal.slugs.is_clean(HELLO, 'ab', 'rules') is (schema == 2)
        releases = journal.releases.of(HELLO, -1)[::-1]
        assert [each.version for each in releases] == list(range(1, RELEASES + 1))
        assert [(each.slug.sha256, each.slug.size) for each in releases] == list(former.slugs.values())
        assert {each.state for each in releases[:-1]} == {ReleaseState.REPLACED}
        live = journal.releases.live(HELLO)
        assert live == releases[-1] and live.state is ReleaseState.LIVE and live.actor == ANN
        assert (live.description, releases[0].description) == ('Rollback to v28', 'Deploy 0000000')
        assert journal.releases.config(releases[6]) == {'V': '7'}
        assert journal.releases.live(OTHER) is None


def test_operations_are_what_builds_were(former: FormerHome) -> None:
    with closing(open_journal(former.home)) as journal:
        builds = journal.operations.of(None, 1000)[::-1]
        assert [each.number for each in builds] == list(range(1, len(builds) + 1))
        first, second, *_, rollback, running, queued = builds
        assert (first.state, first.cause, first.live) == (
            OperationState.FAILED,
            'failed in "npm ci" (exit 1)',
            None,
        )
        assert (second.state, second.live) == (OperationState.SUCCEEDED, 1)
        assert (second.created, second.started, second.finished) == (200.0, 201.0, 209.0)
        seventh = journal.releases.get(HELLO, 7)
        assert seventh
        built = journal.operations.get(seventh.operation)
        assert built and isinstance(built.request, Deploy) and built.options == {'nocache'}
        assert (built.request.update.ref, built.commit, built.actor) == (
            'refs/heads/main',
            seventh.commit,
            ANN,
        )
        released = journal.releases.get(HELLO, 28)
        assert released and rollback.request == Rollback(version=28, commit=released.commit)
        assert (running.state, queued.state) == (OperationState.RUNNING, OperationState.QUEUED)
        failed = [each for each in builds if each.state is OperationState.FAILED][-1]
        assert (failed.app, failed.live) == (HELLO, 29)
        states = {each.state for each in builds}
        assert states == set(OperationState) - {OperationState.ANNOUNCED}


def test_slugs_are_verified_and_rolled_back_after_it(former: FormerHome) -> None:
    home = former.home
    with closing(open_journal(home)) as journal, closing(BuildClock(60)) as clock:
        storage, reader = FileStorage(former.objects), GzipSlugReader()
        retention = Retention(journal=journal, storage=storage, home=home, keep=40)
        documents = Documents(
            journal=journal, storage=storage, home=home, host='localhost', inventory=Inventory(reader)
        )
        verifier = Verifier(retention=retention, documents=documents)
        assert [each for each in verifier.verify_app(HELLO) if each.harms] == []
        (running,) = [each for each in journal.operations.active() if each.started]
        journal.operations.finish(running.number, OperationState.FAILED, 'ends')
        third = journal.releases.get(HELLO, 3)
        assert third
        journal.operations.submit(HELLO, Rollback(version=3, commit=third.commit), ANN)
        operation = journal.operations.claim(retries=False, builds=False)
        assert operation
        slugs = StoredSlugs(storage, reader, home)
        with OperationLog(home.log(operation.number), 10_000) as console:
            task = Task(operation=operation, console=console, cancellation=clock)
            roll_out = partial(only_release, releases=journal.releases)
            releases, apps = journal.releases, journal.apps
            release = roll_back(task, slugs=slugs, releases=releases, apps=apps, keep=40, roll_out=roll_out)
        assert (release.version, release.slug, release.commit) == (RELEASES + 1, third.slug, third.commit)
        assert journal.releases.config(release) == {'V': '3'}
        assert journal.releases.live(HELLO) == release


def test_the_former_file_stays_as_it_was(former: FormerHome) -> None:
    before = checksum(former.home.history_db)
    open_journal(former.home).close()
    assert checksum(former.home.history_db) == before
    assert files(former.home) == {'history.db', 'journal.db', 'config.key'}
    assert former.home.journal_db.stat().st_mode & 0o777 == 0o600
    former.home.history_db.unlink()
    with closing(open_journal(former.home)) as journal:
        assert journal.releases.live(HELLO), 'it is read once'


def test_what_was_written_last_is_there_after_a_kill_of_the_former_version(former: FormerHome) -> None:
    def write() -> None:
        db = sqlite3.connect(former.home.history_db, isolation_level=None)
        db.execute('PRAGMA wal_autocheckpoint = 0')
        db.execute("INSERT INTO apps VALUES ('late', 'refs/heads/main', 2.0)")
        os.kill(os.getpid(), signal.SIGKILL)

    assert in_child(write) == -signal.SIGKILL
    with closing(open_journal(former.home)) as journal:
        assert AppName('late') in journal.apps.all()


def test_it_may_be_killed_at_every_statement(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = FormerHome(tmp_path / 'home', releases=5).home
    before = checksum(home.history_db)

    def migrate(statements: int) -> None:
        die_after(statements, monkeypatch)
        making.ensure(home.journal_db, home.history_db)

    assert in_child(lambda: migrate(1_000_000)) == 0
    expected = dump(home)
    statements = 0
    while True:
        home.journal_db.unlink()
        if in_child(lambda: migrate(statements)) == 0:  # noqa: B023
            break
        assert not home.journal_db.exists()
        assert checksum(home.history_db) == before
        if statements % 10 == 0:
            making.ensure(home.journal_db, home.history_db)
            assert dump(home) == expected
        else:
            home.journal_db.touch()
        statements += 1
    assert statements > 30
    assert dump(home) == expected
    assert files(home) == {'history.db', 'journal.db', 'config.key'}


@pytest.mark.parametrize('name', ['fsync', 'replace'])
def test_it_may_be_killed_before_the_file_has_its_name(
    former: FormerHome, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def migrate() -> None:
        monkeypatch.setattr(os, name, lambda *words: os.kill(os.getpid(), signal.SIGKILL))
        making.ensure(former.home.journal_db, former.home.history_db)

    assert in_child(migrate) == -signal.SIGKILL
    assert not former.home.journal_db.exists()
    with closing(open_journal(former.home)) as journal:
        assert journal.releases.live(HELLO)
    assert files(former.home) == {'history.db', 'journal.db', 'config.key'}


@pytest.mark.parametrize('room', [0, 4096, 20_000, 40_000])
def test_a_full_disk_changes_nothing(former: FormerHome, room: int) -> None:
    home, before = former.home, files(former.home)

    def migrate() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))
        making.ensure(home.journal_db, home.history_db)

    assert in_child(migrate) == StateError.exit_code
    assert files(home) - {'config.key'} == before
    with closing(open_journal(home)) as journal:
        assert journal.releases.live(HELLO)


def test_a_former_file_of_a_newer_version_is_refused(former: FormerHome) -> None:
    with closing(sqlite3.connect(former.home.history_db)) as db:
        db.execute('PRAGMA user_version = 7')
    with pytest.raises(StateError, match=r'schema 7, .* install a newer one'):
        open_journal(former.home)
    assert files(former.home) - {'config.key'} == {'history.db'}


def test_a_damaged_former_file_is_refused(former: FormerHome) -> None:
    path = former.home.history_db
    os.truncate(path, path.stat().st_size // 4096 // 2 * 4096)
    with pytest.raises(StateError, match=r'history.db'):
        open_journal(former.home)
    assert files(former.home) - {'config.key'} == {'history.db'}


def test_two_that_come_first_make_one_journal(former: FormerHome) -> None:
    def both() -> None:
        pids = [os.fork() or _opened(former.home) for _ in range(4)]
        os._exit(max(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in pids))

    assert in_child(both) == 0
    with closing(open_journal(former.home)) as journal:
        assert journal.releases.live(HELLO)


def _opened(home: Home) -> int:
    try:
        Journal.close(open_journal(home))
        os._exit(0)
    finally:
        os._exit(1)


@pytest.mark.parametrize('share', [0, 0.3, 0.6])
def test_a_truncated_journal_is_found_at_start_with_what_to_do(former: FormerHome, share: float) -> None:
    open_journal(former.home).close()
    path = former.home.journal_db
    os.truncate(path, int(path.stat().st_size * share) // 4096 * 4096)
    with pytest.raises(StateError, match='restore it from a backup'):
        with closing(open_journal(former.home)) as journal:
            journal.check()


def test_an_operation_may_be_added_after_it_and_gets_a_new_number(former: FormerHome) -> None:
    with closing(open_journal(former.home)) as journal:
        last = journal.operations.of(None, 1)[0].number
        added: Operation = journal.operations.submit(HELLO, Rollback(version=1, commit=OTHER), ANN)  # type: ignore[arg-type]
        assert added.number == last + 1
