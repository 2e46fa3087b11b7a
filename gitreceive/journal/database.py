"""The file that the journal is: its tables, and reading and writing them.

Write-ahead log with ``synchronous=FULL``: a row that was committed survives a power cut
(https://www.sqlite.org/wal.html). One connection, one lock; every change is one transaction.
"""

import json
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gitreceive.journal.cipher import check_key, read_key
from gitreceive.journal.making import ensure
from gitreceive.journal.schema import SCHEMA_VERSION
from gitreceive.journal.upgrading import clean, upgrade
from gitreceive.model.errors import StateError

MENDED = (
    'look at the room, the inodes and the permissions there: nothing is lost, start again when that is mended'
)


class Database:
    """One open file, for the classes of this package."""

    def __init__(self, path: Path) -> None:
        """Opens or makes the file. Raises StateError if it cannot be used."""
        self._lock = threading.RLock()
        self._path = path
        ensure(path)
        upgrade(path)
        try:
            self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=10)
            self._db.row_factory = sqlite3.Row
            self._db.execute('PRAGMA journal_mode=WAL')
            self._db.execute('PRAGMA synchronous=FULL')
            self._db.execute('PRAGMA secure_delete=ON')
            self._refuse_other_schemas()
            self.cipher = read_key(path)
            check_key(self._db, self.cipher, path)
            clean(self._db, path)
        except (OSError, sqlite3.Error) as error:
            remedy = self._remedy if damaged(error) else MENDED
            raise StateError(f'cannot use the journal {path}: {error}; {remedy}') from error

    def check(self) -> None:
        """Reads all of the file. Raises StateError, with what to do, if it is damaged."""
        with self._errors('check'):
            found = [str(row[0]) for row in self._db.execute('PRAGMA quick_check(1)').fetchall()]
        if found != ['ok']:
            raise StateError(f'the journal {self._path} is damaged ({found[0]}); {self._remedy}')

    def close(self) -> None:
        """Closes the file."""
        with self._lock:
            self._db.close()

    @property
    def changes(self) -> int:
        """How many rows this process has changed."""
        return self._db.total_changes

    def rows(self, query: str, *values: object) -> list[sqlite3.Row]:
        """What a query finds. Raises StateError."""
        with self._lock, self._errors('read'):
            return self._db.execute(query, values).fetchall()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All changes that are made while the context lasts, or none of them. Raises StateError."""
        with self._lock, self._errors('write'):
            self._db.execute('BEGIN IMMEDIATE')
            try:
                yield self._db
                self._db.execute('COMMIT')
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute('ROLLBACK')
                raise

    @contextmanager
    def _errors(self, what: str) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise StateError(f'cannot {what} the journal {self._path}: {error}') from error

    def _refuse_other_schemas(self) -> None:
        found = int(self._db.execute('PRAGMA user_version').fetchone()[0])
        if found > SCHEMA_VERSION:
            raise StateError(
                f'{self._path} has schema {found}, this version knows {SCHEMA_VERSION}: install a newer one'
            )
        if found < SCHEMA_VERSION:  # it is made whole, so that this is not one of an interrupted start
            raise StateError(f'the journal {self._path} is damaged (it has no tables); {self._remedy}')

    @property
    def _remedy(self) -> str:
        return (
            f'restore it from a backup, or move it and the files beside it away ({self._path.name}-*): the receiver '
            'then starts with an empty journal and knows of no release'
        )


def damaged(error: Exception) -> bool:
    """Whether it is the file, and not what is around it: a full disk is no reason to give the journal up.

    The lowest byte of SQLite's codes is the kind of error (https://www.sqlite.org/rescode.html).
    """
    kind = getattr(error, 'sqlite_errorcode', sqlite3.SQLITE_OK) & 0xFF
    return kind in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def record_event(db: sqlite3.Connection, app: str, kind: str, actor: str = '', **details: object) -> None:
    """Writes an event in the transaction of the change that it tells of."""
    row = (time.time(), app, kind, actor, json.dumps(details))
    db.execute('INSERT INTO events (at, app, kind, actor, details) VALUES (?, ?, ?, ?, ?)', row)
