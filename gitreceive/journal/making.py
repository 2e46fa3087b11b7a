"""Makes the file of the journal, whole or not at all: a kill or a full disk in between leaves nothing in its place."""

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from gitreceive.journal.migration import copy_former, open_former
from gitreceive.journal.schema import SCHEMA, SCHEMA_VERSION
from gitreceive.model.errors import StateError


def ensure(path: Path, former: Path | None = None) -> None:
    """Makes the journal unless it is there: from ``former``, the file of an earlier version, if that exists.

    ``former`` is only read and stays where it is. Raises StateError; then nothing has changed.
    """
    if path.exists():
        return
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _alone(path.parent):
            if not path.exists():
                _make(path, former if former and former.exists() else None)
    except (OSError, sqlite3.Error) as error:
        source = f' from {former}' if former and former.exists() else ''
        raise StateError(
            f'cannot make the journal {path}{source}: {error}; nothing was changed, start again when that is mended'
        ) from error


@contextmanager
def _alone(directory: Path) -> Iterator[None]:
    """A command and the daemon may both come first."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _make(path: Path, former: Path | None) -> None:
    new = path.with_name(f'{path.name}.new')
    new.unlink(missing_ok=True)
    try:
        os.close(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        with closing(sqlite3.connect(new, isolation_level=None)) as db:
            _fill(db, former)
        _sync(new)
        _give(new, path.parent)
        os.replace(new, path)
    except BaseException:
        new.unlink(missing_ok=True)
        raise
    _sync(path.parent)


def _fill(db: sqlite3.Connection, former: Path | None) -> None:
    """Nobody reads the file before it has its name, so that it needs neither a log nor a sync until then."""
    db.execute('PRAGMA journal_mode=OFF')
    db.execute('PRAGMA synchronous=OFF')
    db.execute('BEGIN')
    for statement in filter(str.strip, SCHEMA.split(';')):
        db.execute(statement)
    if former:
        with closing(open_former(former)) as old:
            copy_former(old, db)
    db.execute(f'PRAGMA user_version = {SCHEMA_VERSION}')
    db.execute('COMMIT')


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _give(new: Path, directory: Path) -> None:
    """What root makes belongs to whoever has the directory: to the daemon's user."""
    owner = directory.stat()
    if os.geteuid() == 0 and owner.st_uid != 0:
        os.chown(new, owner.st_uid, owner.st_gid)
