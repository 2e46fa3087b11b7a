"""The journal of the schema before is brought forward in place, whole or not at all, and its config vars encrypted."""

import os
import resource
import shutil
import signal
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from gitreceive.config.home import Home
from gitreceive.journal import Journal, open_journal
from gitreceive.journal.schema import SCHEMA, SCHEMA_VERSION
from gitreceive.model.app import AppName
from gitreceive.model.errors import StateError
from gitreceive.model.operation import OperationState
from tests.dying import die_after, in_child

HELLO, OTHER = AppName('hello'), AppName('other')
THIRD = (Path(__file__).parent / 'schema-3.sql').read_text()
"""Written by the version that had schema 3: pushes, a failed and a cancelled build, a rollback, config vars set and unset."""

CLEAR = b'clear-text'
"""Begins the values of config vars there."""

CONFIG = {'DATABASE_URL': 'postgres://u:clear-text-1@h/db?x=1', 'TOKEN': 'clear-text-2 "quoted"\nÜ'}


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return former(Home(tmp_path / 'home'))


def former(home: Home) -> Home:
    """A home of schema 3 whose daemon was killed: the last changes are in the log of its journal alone."""
    home.daemon.mkdir(parents=True, mode=0o700)

    def write() -> None:
        db = sqlite3.connect(home.journal_db, isolation_level=None)
        db.executescript(THIRD)
        db.execute('PRAGMA journal_mode=WAL')
        db.execute('PRAGMA wal_autocheckpoint = 0')
        db.execute("INSERT INTO config_vars VALUES ('hello', 'LATE', 'clear-text-late')")
        db.execute("DELETE FROM config_vars WHERE name = 'LATE'")
        os.kill(os.getpid(), signal.SIGKILL)

    assert in_child(write) == -signal.SIGKILL
    return home


def holding_clear_text(home: Home) -> set[str]:
    """The files of the daemon that hold what is not encrypted."""
    return {path.name for path in home.daemon.rglob('*') if path.is_file() and CLEAR in path.read_bytes()}


def tables(path: Path) -> list[str]:
    """How the tables are made, without blanks."""
    with closing(sqlite3.connect(path)) as db:
        columns = (
            'SELECT m.name, c.name, c.type, c."notnull", c.dflt_value, c.pk FROM sqlite_master m, '
            'pragma_table_info(m.name) c ORDER BY 1, 2'
        )
        indexes = (
            "SELECT name, tbl_name, sql FROM sqlite_master WHERE type = 'index' AND sql NOT NULL ORDER BY 1"
        )
        return [str(row) for query in (columns, indexes) for row in db.execute(query).fetchall()]


def check_whole(home: Home) -> None:
    """Everything that the version before wrote is there, and works."""
    with closing(open_journal(home)) as journal:
        journal.check()
        assert journal.apps.all() == [HELLO, OTHER]
        assert journal.apps.config(HELLO) == CONFIG
        assert journal.apps.config(OTHER) == {'KEY': 'clear-text-3'}
        releases = {each.version: each for each in journal.releases.of(HELLO, -1)}
        assert [journal.releases.config(releases[version]) for version in (1, 2, 3, 4)] == [
            *(CONFIG, {**CONFIG, 'V': 'clear-text-4'}, CONFIG, CONFIG)
        ]
        live = journal.releases.live(HELLO)
        assert live and (live.version, live.description) == (4, 'Rollback to v1')
        assert dict(live.running) == {}
        states = [each.state for each in journal.operations.of(HELLO, 4)]
        failed, succeeded, cancelled = (
            OperationState.FAILED,
            OperationState.SUCCEEDED,
            OperationState.CANCELLED,
        )
        assert states == [failed, succeeded, cancelled, succeeded]
        assert [each.app for each in journal.operations.active()] == [OTHER]
        assert [each.app for each in journal.operations.announced()] == [HELLO]
        assert journal.running.formation(HELLO) == {} and not journal.running.stopped(HELLO)
        assert journal.apps.locked(HELLO) == ''


def test_all_of_it_is_there_afterwards(home: Home) -> None:
    check_whole(home)
    assert {'journal.db.schema-3', 'config.key'} <= {path.name for path in home.daemon.iterdir()}
    check_whole(home)


def test_nothing_of_a_config_var_is_in_clear_text_afterwards(home: Home) -> None:
    assert holding_clear_text(home) >= {'journal.db'}
    with closing(open_journal(home)) as journal:
        assert holding_clear_text(home) == set(), 'also while it is open'
        journal.apps.change_config(HELLO, {'NEW': 'clear-text-5'}, ['TOKEN'])
        assert holding_clear_text(home) == set()
    assert holding_clear_text(home) == set()
    copy = home.journal_db.with_name('journal.db.schema-3')
    assert copy.stat().st_mode & 0o777 == 0o600
    with closing(sqlite3.connect(copy)) as db:
        assert db.execute('PRAGMA user_version').fetchone() == (3,)
        assert db.execute('SELECT COUNT(*) FROM releases').fetchone() == (4,)


def test_an_upgraded_journal_is_made_as_a_new_one(home: Home, tmp_path: Path) -> None:
    open_journal(home).close()
    with closing(sqlite3.connect(tmp_path / 'new.db')) as db:
        db.executescript(SCHEMA)
    assert tables(home.journal_db) == tables(tmp_path / 'new.db')


def test_it_may_be_killed_at_every_statement(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    statements, last, before = 0, False, home
    while not last:
        home = Home(tmp_path / str(statements))
        shutil.copytree(before.root, home.root)

        def start() -> None:
            die_after(statements, monkeypatch)  # noqa: B023
            open_journal(home).close()  # noqa: B023

        last = in_child(start) == 0
        check_whole(home)
        assert holding_clear_text(home) == set()
        leftovers = {path.name for path in home.daemon.iterdir() if '.new' in path.name}
        assert leftovers == set()
        statements += 1
    assert statements > 40


@pytest.mark.parametrize('name', ['fsync', 'replace', 'link'])
def test_it_may_be_killed_before_a_file_has_its_name(
    home: Home, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def start() -> None:
        monkeypatch.setattr(os, name, lambda *words: os.kill(os.getpid(), signal.SIGKILL))
        open_journal(home)

    assert in_child(start) == -signal.SIGKILL
    check_whole(home)
    assert holding_clear_text(home) == set()


@pytest.mark.parametrize('room', [0, 16, 4096, 40_000, 80_000])
def test_a_full_disk_changes_nothing(home: Home, room: int) -> None:
    with closing(sqlite3.connect(home.journal_db)) as db:
        db.execute('PRAGMA wal_checkpoint(TRUNCATE)')
        before = list(db.iterdump())

    def start() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))
        open_journal(home)

    if in_child(start) == StateError.exit_code:
        with closing(sqlite3.connect(home.journal_db)) as db:
            assert list(db.iterdump()) == before
    else:
        assert room == 80_000
    check_whole(home)


def test_unused_pages_are_cleaned_by_the_next_start_if_this_one_could_not(
    home: Home, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    class Full(sqlite3.Connection):
        def execute(self, statement: str, *words: object) -> sqlite3.Cursor:
            if statement == 'VACUUM' and 'journal.db' == Path(_file_of(self)).name:
                raise sqlite3.OperationalError('database or disk is full')
            return super().execute(statement, *words)  # type: ignore[arg-type]

    connect = sqlite3.connect
    with monkeypatch.context() as patched:
        patched.setattr(sqlite3, 'connect', lambda *words, **more: connect(*words, factory=Full, **more))
        open_journal(home).close()
    assert 'the next start tries again' in caplog.text
    check_whole(home)
    assert holding_clear_text(home) == set()


def _file_of(db: sqlite3.Connection) -> str:
    return str(sqlite3.Connection.execute(db, 'PRAGMA database_list').fetchone()[2])


def test_two_that_come_first_upgrade_it_once(home: Home) -> None:
    def both() -> None:
        pids = []
        for _ in range(4):
            if (pid := os.fork()) == 0:
                try:
                    open_journal(home).close()
                    os._exit(0)
                finally:
                    os._exit(1)
            pids.append(pid)
        os._exit(max(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in pids))

    assert in_child(both) == 0
    check_whole(home)


def test_a_newer_schema_is_left_alone(home: Home) -> None:
    with closing(sqlite3.connect(home.journal_db)) as db:
        db.execute(f'PRAGMA user_version = {SCHEMA_VERSION + 1}')
    with pytest.raises(StateError, match=rf'schema {SCHEMA_VERSION + 1}, .* install a newer one'):
        Journal(home.journal_db)
    assert not home.daemon.joinpath('config.key').exists()
