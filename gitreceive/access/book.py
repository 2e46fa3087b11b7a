"""Who may do what: the access database, written by the sysadmin's commands and read by the SSH server.

SQLite with a rollback journal, so that another user can read it without writing beside it (a WAL needs that). The
file holds public keys and names, nothing secret; but whoever can write it can log in, so that is checked.
"""

import hashlib
import os
import re
import secrets
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from gitreceive.access.key import PublicKey
from gitreceive.model.access import Actor
from gitreceive.model.app import AppName
from gitreceive.model.errors import KeyRefused, StateError

NAME = re.compile(r'[A-Za-z0-9][A-Za-z0-9._@+-]{0,63}')
TOKEN_PREFIX = 'grt_'
"""How a token begins, so that secret scanners and people know one when they see it."""

BUSY_SECONDS = 5.0

_SCHEMA = """
create table if not exists keys (
    fingerprint text primary key,
    name text not null,
    algorithm text not null,
    blob blob not null unique,
    added real not null,
    apps text
) strict
"""
_TOKENS = """
create table if not exists tokens (
    sha256 text primary key,
    fingerprint text not null,
    created real not null
) strict
"""
_COLUMNS = 'fingerprint, name, algorithm, blob, added, apps'


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """A key, whose it is, and the apps it may reach (None: all)."""

    name: str
    fingerprint: str
    algorithm: str
    blob: bytes
    added: float
    apps: frozenset[str] | None = None

    @property
    def actor(self) -> Actor:
        """Who acts with the key."""
        return Actor(name=self.name, key=self.fingerprint, apps=self.apps)


def may(grant: Grant, app: AppName) -> bool:
    """Whether this key may reach the app."""
    return grant.actor.reaches(app)


class AccessBook:
    """The database at ``path``. Every call opens it: any thread may call, and nothing is ever stale."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def add(
        self, name: str, keys: Sequence[PublicKey], apps: frozenset[str] | None = None
    ) -> tuple[Grant, ...]:
        """Registers keys under a name, all or none. Raises KeyRefused for a bad name or a key that is there already."""
        if not NAME.fullmatch(name):
            raise KeyRefused(
                f'{name[:64]!a} cannot be a name: letters, digits and . _ @ + -, at most 64 of them'
            )
        added = tuple(_grant(name, key, apps) for key in keys)
        with self._writing() as database:
            for grant in added:
                _insert(database, grant)
        return added

    def remove(self, which: str) -> tuple[Grant, ...]:
        """Removes one key by its fingerprint, or all keys of a name. Raises KeyRefused if there is none."""
        with self._writing() as database:
            rows = database.execute(f'select {_COLUMNS} from keys where {_named(which)}', (which,)).fetchall()
            _delete_tokens(database, which)
            database.execute(f'delete from keys where {_named(which)}', (which,))
        if not rows:
            raise _unfound('no key', which)
        return tuple(map(_from_row, rows))

    def also_reach(self, app: AppName, other: AppName) -> None:
        """Lets the keys that reach ``app``, among others or alone, reach ``other``, too."""
        self._change_apps(lambda apps: apps | {other} if app in apps else apps)

    def reach_no_more(self, app: AppName) -> None:
        """Takes the app away from the keys that reach some apps only; one that reached this one alone reaches none."""
        self._change_apps(lambda apps: apps - {app})

    def _change_apps(self, change: Callable[[frozenset[str]], frozenset[str]]) -> None:
        """For keys that reach some apps only. Nothing is written where nothing changes. Raises StateError."""
        some = [grant for grant in self.list() if grant.apps is not None]
        changed = {each.fingerprint: change(each.apps or frozenset()) for each in some}
        if all(changed[each.fingerprint] == each.apps for each in some):
            return
        with self._writing() as database:
            for fingerprint, apps in changed.items():
                database.execute(
                    'update keys set apps = ? where fingerprint = ?', (','.join(sorted(apps)), fingerprint)
                )

    def add_token(self, which: str) -> str:
        """Makes a password for HTTP that opens what a key opens, named by its fingerprint or its only owner.

        It is shown once and stored as its SHA-256: nobody finds 32 random bytes by trying. Raises KeyRefused.
        """
        token = TOKEN_PREFIX + secrets.token_urlsafe(32)
        with self._writing() as database:
            rows = database.execute(
                f'select fingerprint from keys where {_named(which)}', (which,)
            ).fetchall()
            if len(rows) != 1:
                raise _unfound(f'{len(rows)} keys' if rows else 'no key', which)
            database.execute('insert into tokens values (?, ?, ?)', (_digest(token), rows[0][0], time.time()))
        return token

    def remove_tokens(self, which: str) -> int:
        """Removes the tokens of a key, or of all keys of a name; returns how many there were."""
        with self._writing() as database:
            return _delete_tokens(database, which)

    def of_token(self, token: str) -> Grant | None:
        """The grant of the key that a token stands for. Raises StateError if the database cannot be read."""
        with self._reading() as database:
            if not database.execute("select 1 from sqlite_master where name = 'tokens'").fetchone():
                return None
            query = f'select {_COLUMNS} from keys join tokens using (fingerprint) where sha256 = ?'
            row = database.execute(query, (_digest(token),)).fetchone()
        return _from_row(row) if row else None

    def list(self) -> tuple[Grant, ...]:
        """All keys, by name and age. Raises StateError if the database cannot be read."""
        with self._reading() as database:
            rows = database.execute(
                f'select {_COLUMNS} from keys order by name, added, fingerprint'
            ).fetchall()
        return tuple(map(_from_row, rows))

    def find(self, blob: bytes) -> Grant | None:
        """The grant of exactly this key. Raises StateError if the database cannot be read."""
        with self._reading() as database:
            row = database.execute(f'select {_COLUMNS} from keys where blob = ?', (blob,)).fetchone()
        return _from_row(row) if row else None

    def of_fingerprint(self, fingerprint: str) -> Grant | None:
        """The grant of the key with this fingerprint. Raises StateError if the database cannot be read."""
        with self._reading() as database:
            query = f'select {_COLUMNS} from keys where fingerprint = ?'
            row = database.execute(query, (fingerprint,)).fetchone()
        return _from_row(row) if row else None

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        if not self.path.exists():
            yield _empty()
            return
        self._check_modes()
        with _translated(self.path), _closing(f'file:{quote(str(self.path))}?mode=ro') as database:
            yield database

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with _translated(self.path):
            self._create()
            self._check_modes()
            with _closing(f'file:{quote(str(self.path))}?mode=rw') as database, database:
                database.execute('begin immediate')
                database.execute(_SCHEMA)
                database.execute(_TOKENS)
                yield database

    def _create(self) -> None:
        if not self.path.parent.exists():
            self.path.parent.mkdir(parents=True)
            self.path.parent.chmod(0o755)
        if not self.path.exists():
            descriptor = os.open(self.path, os.O_CREAT | os.O_RDWR, 0o644)
            os.fchmod(descriptor, 0o644)
            os.close(descriptor)

    def _check_modes(self) -> None:
        for place in (self.path, self.path.parent):
            found = place.stat()
            if found.st_mode & 0o022:
                raise StateError(
                    f'{place} can be written by others, who could then log in; run "chmod go-w {place}"'
                )
            if found.st_uid not in (0, os.geteuid(), self.path.parent.parent.stat().st_uid):
                raise StateError(f'{place} belongs to user {found.st_uid}, who could then log in; chown it')


def _named(which: str) -> str:
    """The condition for a key's fingerprint, or for all keys of a name."""
    return f'{"fingerprint" if which.startswith("SHA256:") else "name"} = ?'


def _delete_tokens(database: sqlite3.Connection, which: str) -> int:
    keys = f'select fingerprint from keys where {_named(which)}'
    return database.execute(f'delete from tokens where fingerprint in ({keys})', (which,)).rowcount


def _unfound(found: str, which: str) -> KeyRefused:
    return KeyRefused(f'{found} of {which[:80]!a}; "gitreceive keys list" shows names and fingerprints')


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _grant(name: str, key: PublicKey, apps: frozenset[str] | None) -> Grant:
    return Grant(
        name=name,
        fingerprint=key.fingerprint,
        algorithm=key.algorithm,
        blob=key.blob,
        added=time.time(),
        apps=apps,
    )


def _insert(database: sqlite3.Connection, grant: Grant) -> None:
    there = database.execute('select name from keys where blob = ?', (grant.blob,)).fetchone()
    if there:
        raise KeyRefused(
            f'the key {grant.fingerprint} is already registered for {there[0]}; '
            f'"gitreceive keys remove {grant.fingerprint}" takes it away'
        )
    apps = None if grant.apps is None else ','.join(sorted(grant.apps))
    row = (grant.fingerprint, grant.name, grant.algorithm, grant.blob, grant.added, apps)
    database.execute(f'insert into keys ({_COLUMNS}) values (?, ?, ?, ?, ?, ?)', row)


def _from_row(row: tuple[str, str, str, bytes, float, str | None]) -> Grant:
    fingerprint, name, algorithm, blob, added, apps = row
    reached = None if apps is None else frozenset(apps.split(','))
    return Grant(
        name=name, fingerprint=fingerprint, algorithm=algorithm, blob=blob, added=added, apps=reached
    )


def _empty() -> sqlite3.Connection:
    database = sqlite3.connect(':memory:')
    database.execute(_SCHEMA)
    return database


@contextmanager
def _closing(uri: str) -> Iterator[sqlite3.Connection]:
    database = sqlite3.connect(uri, uri=True, timeout=BUSY_SECONDS, isolation_level=None)
    try:
        yield database
    finally:
        database.close()


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise StateError(f'the access database {path} cannot be used: {error}') from error
    except OSError as error:
        raise StateError(f'cannot use {path}: {error.strerror}') from error
