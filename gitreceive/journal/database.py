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

from gitreceive.model.errors import StateError

SCHEMA = """
CREATE TABLE apps (
    name TEXT PRIMARY KEY, deploy_branch TEXT NOT NULL, live_release INTEGER, created REAL NOT NULL);
CREATE TABLE config_vars (
    app TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (app, name));
CREATE TABLE allowed_paths (app TEXT NOT NULL, path TEXT NOT NULL, PRIMARY KEY (app, path));
CREATE TABLE operations (
    number INTEGER PRIMARY KEY AUTOINCREMENT, app TEXT NOT NULL, kind TEXT NOT NULL, request TEXT NOT NULL,
    actor TEXT NOT NULL, key TEXT NOT NULL, session TEXT NOT NULL DEFAULT '', state TEXT NOT NULL,
    cause TEXT NOT NULL DEFAULT '', attempt INTEGER NOT NULL DEFAULT 1, live INTEGER,
    created REAL NOT NULL, started REAL, finished REAL);
CREATE INDEX operations_by_app ON operations (app, number);
CREATE INDEX unfinished_operations ON operations (state) WHERE state IN ('announced', 'queued', 'running');
CREATE TABLE slugs (
    app TEXT NOT NULL, sha256 TEXT NOT NULL, size INTEGER NOT NULL, PRIMARY KEY (app, sha256));
CREATE TABLE releases (
    app TEXT NOT NULL, version INTEGER NOT NULL, operation INTEGER NOT NULL, state TEXT NOT NULL,
    description TEXT NOT NULL, commit_id TEXT NOT NULL, slug TEXT NOT NULL, processes TEXT NOT NULL,
    versions TEXT NOT NULL, config TEXT NOT NULL, created REAL NOT NULL, actor TEXT NOT NULL, key TEXT NOT NULL,
    buildpack TEXT NOT NULL, stack TEXT NOT NULL, PRIMARY KEY (app, version));
CREATE UNIQUE INDEX releases_by_operation ON releases (operation);
CREATE TABLE clean_members (
    app TEXT NOT NULL, sha256 TEXT NOT NULL, rules TEXT NOT NULL, PRIMARY KEY (app, sha256));
CREATE TABLE documents (
    app TEXT NOT NULL, slug TEXT NOT NULL, kind TEXT NOT NULL, sha256 TEXT NOT NULL, PRIMARY KEY (app, slug, kind));
CREATE TABLE events (
    number INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL, app TEXT NOT NULL, kind TEXT NOT NULL,
    actor TEXT NOT NULL, details TEXT NOT NULL);
CREATE INDEX events_by_app ON events (app, number);
"""

SCHEMA_VERSION = 3
"""1 and 2 were the schemas of ``history.db``; ``migration`` reads them."""


class Database:
    """One open file, for the classes of this package."""

    def __init__(self, path: Path) -> None:
        """Opens or makes the file. Raises StateError if it cannot be used."""
        self._lock = threading.RLock()
        self._path = path
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=10)
            path.chmod(0o600)
            self._db.row_factory = sqlite3.Row
            self._db.execute('PRAGMA journal_mode=WAL')
            self._db.execute('PRAGMA synchronous=FULL')
            self._make()
        except (OSError, sqlite3.Error) as error:
            raise StateError(f'cannot use the journal {path}: {error}') from error

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

    def _make(self) -> None:
        if self._schema() == SCHEMA_VERSION:
            return
        with self.transaction() as db:
            found = self._schema()
            if found > SCHEMA_VERSION:
                raise StateError(
                    f'{self._path} has schema {found}, this version knows {SCHEMA_VERSION}: install a newer one'
                )
            if found == SCHEMA_VERSION:
                return
            for statement in filter(str.strip, SCHEMA.split(';')):
                db.execute(statement)
            db.execute(f'PRAGMA user_version = {SCHEMA_VERSION}')

    def _schema(self) -> int:
        return int(self._db.execute('PRAGMA user_version').fetchone()[0])


def record_event(db: sqlite3.Connection, app: str, kind: str, actor: str = '', **details: object) -> None:
    """Writes an event in the transaction of the change that it tells of."""
    row = (time.time(), app, kind, actor, json.dumps(details))
    db.execute('INSERT INTO events (at, app, kind, actor, details) VALUES (?, ?, ?, ?, ?)', row)
