"""Brings the journal of an earlier version forward: in one transaction, after a copy of the file was laid beside it."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from gitreceive.journal.schema import SCHEMA_VERSION, UPGRADES
from gitreceive.model.errors import StateError


def upgrade(path: Path) -> None:
    """Upgrades the journal unless it is of this version, or of one that nothing is known of.

    The file as it was is kept as ``journal.db.schema-N``. Raises StateError; then the journal is as it was.
    """
    try:
        with closing(sqlite3.connect(path, isolation_level=None, timeout=10)) as db:
            if not _is_former(db):
                return
            _keep_copy(db, path)
            db.execute('PRAGMA synchronous=FULL')
            db.execute('BEGIN EXCLUSIVE')
            while (schema := _schema(db)) in UPGRADES:  # another process may have done it meanwhile
                for statement in filter(str.strip, UPGRADES[schema].split(';')):
                    db.execute(statement)
                db.execute(f'PRAGMA user_version = {schema + 1}')
            db.execute('COMMIT')
    except (OSError, sqlite3.Error) as error:
        raise StateError(
            f'cannot bring the journal {path} to schema {SCHEMA_VERSION}: {error}; nothing was changed, '
            'start again when that is mended'
        ) from error


def _schema(db: sqlite3.Connection) -> int:
    return int(db.execute('PRAGMA user_version').fetchone()[0])


def _is_former(db: sqlite3.Connection) -> bool:
    """A file that is damaged is of no version; who opens it says so."""
    try:
        return _schema(db) in UPGRADES
    except sqlite3.DatabaseError:
        return False


def _keep_copy(db: sqlite3.Connection, path: Path) -> None:
    copy = path.with_name(f'{path.name}.schema-{_schema(db)}')
    if copy.exists():
        return
    new = copy.with_name(f'{copy.name}.new')
    new.unlink(missing_ok=True)
    try:
        os.close(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        with closing(sqlite3.connect(new)) as target:
            db.backup(target)
        with new.open('rb') as written:
            os.fsync(written.fileno())
        os.replace(new, copy)
    except BaseException:
        new.unlink(missing_ok=True)
        raise
