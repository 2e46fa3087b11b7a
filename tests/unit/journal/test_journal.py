"""The journal outlives what happens to a file, and versions of the receiver."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from gitreceive.journal import Journal
from gitreceive.journal.database import SCHEMA_VERSION
from gitreceive.model.app import AppName
from gitreceive.model.errors import StateError

HELLO = AppName('hello')


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / 'daemon' / 'journal.db'


@pytest.fixture
def journal(path: Path) -> Iterator[Journal]:
    with closing(Journal(path)) as opened:
        yield opened


def test_a_journal_of_a_newer_version_is_left_alone(path: Path) -> None:
    Journal(path).close()
    with closing(sqlite3.connect(path)) as db:
        db.execute(f'PRAGMA user_version = {SCHEMA_VERSION + 1}')
    with pytest.raises(StateError, match='install a newer one'):
        Journal(path)


def test_what_sqlite_reports_is_an_error_of_the_state(journal: Journal, path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        journal._database._db.execute('PRAGMA busy_timeout = 10')
        other.execute('BEGIN IMMEDIATE')
        with pytest.raises(StateError, match=r'cannot write the journal .*journal.db: database is locked'):
            journal.apps.add(HELLO, 'refs/heads/main')
        other.execute('DROP TABLE apps')
        other.execute('COMMIT')
    with pytest.raises(StateError, match=r'cannot read the journal .*no such table'):
        journal.apps.all()


def test_config_vars_are_in_no_event(journal: Journal) -> None:
    journal.apps.change_config(HELLO, {'TOKEN': 'hunter2-hunter2'}, ['OLD'], by='ann')
    (event,) = journal.events.after(0)
    assert (event.kind, event.actor) == ('config.changed', 'ann')
    assert event.details == {'set': ['TOKEN'], 'removed': ['OLD']}


def test_old_events_are_forgotten(journal: Journal) -> None:
    for number in range(5):
        journal.apps.change_config(HELLO, {'A': str(number)}, ())
    journal.events.trim(2)
    assert [event.number for event in journal.events.after(0)] == [4, 5]
