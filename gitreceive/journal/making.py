"""Makes the file of the journal, whole or not at all: a kill or a full disk in between leaves nothing in its place."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from gitreceive.journal.cipher import PROBE, Cipher, ensure_key
from gitreceive.journal.files import alone, give, sync
from gitreceive.journal.migration import copy_former, open_former
from gitreceive.journal.schema import SCHEMA, SCHEMA_VERSION, insertion
from gitreceive.model.errors import StateError


def ensure(path: Path, former: Path | None = None) -> None:
    """Makes the journal unless it is there: from ``former``, the file of an earlier version, if that exists.

    ``former`` is only read and stays where it is. Raises StateError; then nothing has changed.
    """
    if path.exists():
        return
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with alone(path.parent):
            if not path.exists():
                _make(path, former if former and former.exists() else None)
    except (OSError, sqlite3.Error) as error:
        source = f' from {former}' if former and former.exists() else ''
        raise StateError(
            f'cannot make the journal {path}{source}: {error}; nothing was changed, start again when that is mended'
        ) from error


def _make(path: Path, former: Path | None) -> None:
    new, cipher = path.with_name(f'{path.name}.new'), ensure_key(path)
    new.unlink(missing_ok=True)
    try:
        os.close(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        with closing(sqlite3.connect(new, isolation_level=None)) as db:
            _fill(db, former, cipher)
        sync(new)
        give(new, path.parent)
        os.replace(new, path)
    except BaseException:
        new.unlink(missing_ok=True)
        raise
    sync(path.parent)


def _fill(db: sqlite3.Connection, former: Path | None, cipher: Cipher) -> None:
    """Nobody reads the file before it has its name, so that it needs neither a log nor a sync until then."""
    db.execute('PRAGMA journal_mode=OFF')
    db.execute('PRAGMA synchronous=OFF')
    db.execute('BEGIN')
    for statement in filter(str.strip, SCHEMA.split(';')):
        db.execute(statement)
    if former:
        with closing(open_former(former)) as old:
            copy_former(old, db, cipher.seal)
    add_secrets(db, cipher, cleaned=True)
    db.execute(f'PRAGMA user_version = {SCHEMA_VERSION}')
    db.execute('COMMIT')


def add_secrets(db: sqlite3.Connection, cipher: Cipher, *, cleaned: bool) -> None:
    """Lets the journal know its key again; ``cleaned``: nothing lies in it that was not encrypted."""
    db.execute(insertion('secrets', ('name', 'value')), ('probe', cipher.seal(PROBE)))
    if cleaned:
        db.execute(insertion('secrets', ('name', 'value')), ('cleaned', ''))
