"""The way out when the key of the config vars is lost: the journal goes on without them."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from gitreceive.journal.cipher import Cipher, ensure_key, key_path, read_key
from gitreceive.journal.files import alone
from gitreceive.journal.making import add_secrets
from gitreceive.journal.upgrading import upgrade
from gitreceive.model.errors import StateError


def forget_config(path: Path) -> None:
    """Forgets the config vars of all apps and releases; from then on the key that is there counts, or a new one.

    A file that is no key is kept as ``config.key.broken``. Raises StateError; then all is as it was, or it can be asked
    for again.
    """
    if not path.exists():
        raise StateError(f'there is no journal at {path}, so that there is nothing to forget')
    upgrade(path)
    try:
        with alone(path.parent), closing(sqlite3.connect(path, isolation_level=None, timeout=10)) as db:
            cipher = _usable_key(path)
            db.execute('BEGIN IMMEDIATE')
            db.execute('DELETE FROM config_vars')
            db.execute('UPDATE releases SET config = ?', (cipher.seal('{}'),))
            db.execute('DELETE FROM secrets')
            add_secrets(db, cipher, cleaned=True)
            db.execute('COMMIT')
    except (OSError, sqlite3.Error) as error:
        raise StateError(f'cannot write the journal {path}: {error}') from error


def _usable_key(path: Path) -> Cipher:
    key = key_path(path)
    if key.exists():
        try:
            return read_key(path)
        except StateError:
            if not os.access(key, os.R_OK):
                raise
            os.replace(key, key.with_name(f'{key.name}.broken'))
    return ensure_key(path)
