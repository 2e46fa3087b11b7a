"""Config vars are encrypted where they are kept: with a key that lies beside the journal, in a file of its own.

A copy of the journal, its write-ahead log or a page of it says nothing of them without that file. Fernet
(https://github.com/fernet/spec) encrypts by AES-128-CBC and signs by HMAC-SHA256.
"""

import os
import sqlite3
from contextlib import suppress
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken

from gitreceive.journal.files import give, sync
from gitreceive.model.errors import StateError

PROBE = 'gitreceive'
"""What the journal keeps encrypted, to tell the key from others."""

WAY_OUT = '"gitreceive forget-config" goes on without the config vars of all apps and releases'


class Cipher:
    """Encrypts and decrypts with one key."""

    def __init__(self, key: bytes) -> None:
        """Raises ValueError for what is no key."""
        self._fernet = Fernet(key)

    def seal(self, text: str) -> str:
        """``text`` encrypted: another one each time."""
        return self._fernet.encrypt(text.encode()).decode()

    def unseal(self, sealed: str) -> str:
        """The opposite. Raises StateError for what was not encrypted with this key."""
        try:
            return self._fernet.decrypt(sealed.encode()).decode()
        except (InvalidToken, ValueError) as error:
            raise StateError(
                f'a config var cannot be decrypted: the journal is damaged; {WAY_OUT}'
            ) from error


def key_path(journal: Path) -> Path:
    """Where the key of a journal lies."""
    return journal.with_name('config.key')


def ensure_key(journal: Path) -> Cipher:
    """The key of a journal that is being made; a new one if there is none, whole and on the disk. Raises OSError, StateError."""
    path = key_path(journal)
    if not path.exists():
        _write_once(path, Fernet.generate_key())
    return read_key(journal)


def read_key(journal: Path) -> Cipher:
    """The key of a journal that is there. Raises StateError, with what to do, if it is not."""
    path = key_path(journal)
    try:
        return Cipher(path.read_bytes().strip())
    except FileNotFoundError as error:
        raise StateError(
            f'the key of the config vars, {path}, is missing: restore it from a backup; {WAY_OUT}'
        ) from error
    except OSError as error:
        raise StateError(f'cannot read the key of the config vars, {path}: {error.strerror}') from error
    except ValueError as error:
        raise _wrong(path, journal) from error


def check_key(db: sqlite3.Connection, cipher: Cipher, journal: Path) -> None:
    """Raises StateError, with what to do, unless the journal was encrypted with this key."""
    (probe,) = db.execute("SELECT value FROM secrets WHERE name = 'probe'").fetchone() or ('',)
    try:
        cipher.unseal(probe)
    except StateError as error:
        raise _wrong(key_path(journal), journal) from error


def _wrong(path: Path, journal: Path) -> StateError:
    return StateError(
        f'{path} is not the key that the config vars of {journal.name} are encrypted with: restore the one that '
        f'belongs to it from a backup; {WAY_OUT}'
    )


def _write_once(path: Path, key: bytes) -> None:
    """A key that somebody else has just made is kept."""
    new = path.with_name(f'{path.name}.new')
    new.unlink(missing_ok=True)
    try:
        with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), 'wb') as file:
            file.write(key)
            file.flush()
            os.fsync(file.fileno())
        give(new, path.parent)
        with suppress(FileExistsError):
            os.link(new, path)
    finally:
        new.unlink(missing_ok=True)
    sync(path.parent)
