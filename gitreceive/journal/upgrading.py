"""Brings the journal of an earlier version forward: in one transaction, after a copy of the file was laid beside it."""

import logging
import os
import sqlite3
from contextlib import closing
from pathlib import Path

from gitreceive.journal.cipher import Cipher, ensure_key
from gitreceive.journal.files import alone, give, sync
from gitreceive.journal.making import add_secrets
from gitreceive.journal.schema import SCHEMA_VERSION, UPGRADES
from gitreceive.model.errors import StateError

log = logging.getLogger(__name__)

CLEAR = 3
"""The last schema whose config vars were not encrypted."""


def upgrade(path: Path) -> None:
    """Upgrades the journal unless it is of this version, or of one that nothing is known of.

    The file as it was is kept as ``journal.db.schema-N``, without config vars. Raises StateError; then the journal is
    as it was.
    """
    try:
        with closing(sqlite3.connect(path, isolation_level=None, timeout=10)) as db:
            if _is_former(db):
                _upgrade(db, path)
    except (OSError, sqlite3.Error) as error:
        raise StateError(
            f'cannot bring the journal {path} to schema {SCHEMA_VERSION}: {error}; nothing was changed, '
            'start again when that is mended'
        ) from error


def clean(db: sqlite3.Connection, path: Path) -> None:
    """Writes the file again if unused pages of it may hold config vars that were not encrypted then, and empties its log."""
    if db.execute("SELECT 1 FROM secrets WHERE name = 'cleaned'").fetchone():
        return
    try:
        db.execute('VACUUM')
        db.execute('PRAGMA wal_checkpoint(TRUNCATE)').fetchone()
        db.execute("INSERT OR IGNORE INTO secrets VALUES ('cleaned', '')")
    except sqlite3.Error as error:
        log.warning(
            '%s: unused pages may hold config vars in clear text (%s); the next start tries again',
            path,
            error,
        )


def _upgrade(db: sqlite3.Connection, path: Path) -> None:
    with alone(path.parent):
        cipher = ensure_key(path)
        _keep_copy(db, path)
    db.execute('PRAGMA synchronous=FULL')
    db.execute('PRAGMA secure_delete=ON')
    db.execute('BEGIN EXCLUSIVE')
    while (schema := _schema(db)) in UPGRADES:  # another process may have done it meanwhile
        for statement in filter(str.strip, UPGRADES[schema].split(';')):
            db.execute(statement)
        if schema == CLEAR:
            _encrypt(db, cipher)
        db.execute(f'PRAGMA user_version = {schema + 1}')
    db.execute('COMMIT')


def _encrypt(db: sqlite3.Connection, cipher: Cipher) -> None:
    for table, column in (('config_vars', 'value'), ('releases', 'config')):
        for number, clear in db.execute(f'SELECT rowid, {column} FROM {table}').fetchall():
            db.execute(f'UPDATE {table} SET {column} = ? WHERE rowid = ?', (cipher.seal(clear), number))
    add_secrets(db, cipher, cleaned=False)


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
        with closing(sqlite3.connect(new, isolation_level=None)) as target:
            db.backup(target)
            _forget_config(target)
        sync(new)
        give(new, path.parent)
        os.replace(new, copy)
    except BaseException:
        new.unlink(missing_ok=True)
        raise


def _forget_config(db: sqlite3.Connection) -> None:
    """Nobody would think of a copy for a version before when a key was to be changed."""
    db.execute('PRAGMA journal_mode=DELETE')
    db.execute('DELETE FROM config_vars')
    db.execute("UPDATE releases SET config = '{}'")
    db.execute('VACUUM')
