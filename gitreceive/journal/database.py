"""The file that the history is: its tables, and reading and writing them.

Write-ahead log with ``synchronous=FULL``: a row that was committed survives a power cut
(https://www.sqlite.org/wal.html). One connection, one lock; every method is one transaction.
"""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gitreceive.model.errors import StateError

SCHEMA = """
CREATE TABLE apps (
    name TEXT PRIMARY KEY, deploy_branch TEXT NOT NULL, created REAL NOT NULL);
CREATE TABLE config_vars (
    app TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (app, name));
CREATE TABLE builds (
    number INTEGER PRIMARY KEY AUTOINCREMENT, app TEXT NOT NULL, ref TEXT NOT NULL,
    old TEXT NOT NULL, new TEXT NOT NULL, pusher TEXT NOT NULL, key TEXT NOT NULL, options TEXT NOT NULL,
    state TEXT NOT NULL, cause TEXT NOT NULL DEFAULT '', attempt INTEGER NOT NULL DEFAULT 1,
    created REAL NOT NULL, started REAL, finished REAL);
CREATE INDEX builds_by_app ON builds (app, number);
CREATE INDEX live_builds ON builds (state) WHERE state IN ('queued', 'running');
CREATE TABLE releases (
    app TEXT NOT NULL, version INTEGER NOT NULL, build INTEGER NOT NULL UNIQUE, commit_id TEXT NOT NULL,
    url TEXT NOT NULL, sha256 TEXT NOT NULL, size INTEGER NOT NULL, processes TEXT NOT NULL, versions TEXT NOT NULL,
    config TEXT NOT NULL, created REAL NOT NULL, pusher TEXT NOT NULL, key TEXT NOT NULL, buildpack TEXT NOT NULL,
    stack TEXT NOT NULL, PRIMARY KEY (app, version));
"""

UPGRADES = (
    """
CREATE TABLE allowed_paths (app TEXT NOT NULL, path TEXT NOT NULL, PRIMARY KEY (app, path));
CREATE TABLE clean_members (
    app TEXT NOT NULL, sha256 TEXT NOT NULL, rules TEXT NOT NULL, PRIMARY KEY (app, sha256));
CREATE TABLE documents (
    app TEXT NOT NULL, slug TEXT NOT NULL, kind TEXT NOT NULL, sha256 TEXT NOT NULL,
    PRIMARY KEY (app, slug, kind));
""",
)
"""What later versions added, each to the one before."""

SCHEMA_VERSION = 1 + len(UPGRADES)


class Database:
    """One open file; what is in it is for those who inherit."""

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
            self._migrate(path)
        except (OSError, sqlite3.Error) as error:
            raise StateError(f'cannot use the history {path}: {error}') from error

    def close(self) -> None:
        """Closes the file."""
        with self._lock:
            self._db.close()

    def _rows(self, query: str, *values: object) -> list[sqlite3.Row]:
        with self._lock, self._errors('read'):
            return self._db.execute(query, values).fetchall()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
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
            raise StateError(f'cannot {what} the history {self._path}: {error}') from error

    def _migrate(self, path: Path) -> None:
        if self._schema() == SCHEMA_VERSION:
            return
        with self._transaction() as db:
            found = self._schema()
            if found > SCHEMA_VERSION:
                raise StateError(
                    f'{path} has schema {found}, this version knows {SCHEMA_VERSION}: install a newer one'
                )
            for step in (SCHEMA, *UPGRADES)[found:]:
                for statement in filter(str.strip, step.split(';')):
                    db.execute(statement)
            db.execute(f'PRAGMA user_version = {SCHEMA_VERSION}')

    def _schema(self) -> int:
        return int(self._db.execute('PRAGMA user_version').fetchone()[0])
