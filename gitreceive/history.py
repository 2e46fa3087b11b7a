"""What happened: apps, config vars, builds and releases, in SQLite. The builder's alone.

Write-ahead log with ``synchronous=FULL``: a row that was committed survives a power cut
(https://www.sqlite.org/wal.html). One connection, one lock; every method is one transaction.
"""

import json
import sqlite3
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from gitreceive.errors import ReleaseError, StateError
from gitreceive.model import (
    AppName,
    Build,
    BuildState,
    Commit,
    ProcessType,
    Push,
    Pusher,
    RefUpdate,
    Release,
    StoredSlug,
)

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


class History:
    """The builder's journal and its record of releases."""

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

    # apps

    def apps(self) -> list[AppName]:
        """All apps that were ever pushed to their deploy branch, or created, sorted."""
        return [AppName(row['name']) for row in self._rows('SELECT name FROM apps ORDER BY name')]

    def deploy_branch(self, app: AppName) -> str | None:
        """The ref whose pushes deploy (``refs/heads/main``), or None before the first one."""
        for row in self._rows('SELECT deploy_branch FROM apps WHERE name = ?', app):
            return str(row['deploy_branch'])
        return None

    def add_app(self, app: AppName, deploy_branch: str) -> None:
        """Remembers an app and its deploy branch; the first word counts."""
        with self._transaction() as db:
            db.execute('INSERT OR IGNORE INTO apps VALUES (?, ?, ?)', (app, deploy_branch, time.time()))

    def config(self, app: AppName) -> dict[str, str]:
        """The app's config vars."""
        return {
            r['name']: r['value']
            for r in self._rows('SELECT name, value FROM config_vars WHERE app = ?', app)
        }

    def change_config(self, app: AppName, changes: Mapping[str, str], removed: Sequence[str]) -> None:
        """Sets and removes config vars, all or none."""
        with self._transaction() as db:
            for name, value in changes.items():
                db.execute('INSERT OR REPLACE INTO config_vars VALUES (?, ?, ?)', (app, name, value))
            for name in removed:
                db.execute('DELETE FROM config_vars WHERE app = ? AND name = ?', (app, name))

    def allowed_paths(self, app: AppName) -> list[str]:
        """Where in the app's slugs things may stand that look secret."""
        rows = self._rows('SELECT path FROM allowed_paths WHERE app = ? ORDER BY path', app)
        return [str(row['path']) for row in rows]

    def change_allowed_paths(self, app: AppName, added: Sequence[str], removed: Sequence[str]) -> None:
        """Adds and removes such places, all or none."""
        with self._transaction() as db:
            db.executemany(
                'INSERT OR IGNORE INTO allowed_paths VALUES (?, ?)', [(app, path) for path in added]
            )
            db.executemany(
                'DELETE FROM allowed_paths WHERE app = ? AND path = ?', [(app, path) for path in removed]
            )

    def is_clean(self, app: AppName, sha256: str, rules: str) -> bool:
        """Whether a member of a slug passed under these rules."""
        query = 'SELECT 1 FROM clean_members WHERE app = ? AND sha256 = ? AND rules = ?'
        return bool(self._rows(query, app, sha256, rules))

    def mark_clean(self, app: AppName, sha256: str, rules: str) -> None:
        """Remembers that it did; only the last rules count."""
        with self._transaction() as db:
            db.execute('INSERT OR REPLACE INTO clean_members VALUES (?, ?, ?)', (app, sha256, rules))

    def documents(self, app: AppName, slug: str) -> dict[str, str]:
        """What was stored about a slug: the kind of each document, and its checksum."""
        query = 'SELECT kind, sha256 FROM documents WHERE app = ? AND slug = ?'
        return {row['kind']: row['sha256'] for row in self._rows(query, app, slug)}

    def record_document(self, app: AppName, slug: str, kind: str, sha256: str) -> None:
        """Remembers that it is in storage."""
        with self._transaction() as db:
            db.execute('INSERT OR REPLACE INTO documents VALUES (?, ?, ?, ?)', (app, slug, kind, sha256))

    def forget_slugs(self, app: AppName, kept: Iterable[str]) -> None:
        """Forgets what is known of slugs and members, but for those that are kept."""
        with self._transaction() as db:
            for table, column in (('clean_members', 'sha256'), ('documents', 'slug')):
                rows = db.execute(f'SELECT DISTINCT {column} FROM {table} WHERE app = ?', (app,)).fetchall()
                gone = {row[0] for row in rows}.difference(kept)
                db.executemany(
                    f'DELETE FROM {table} WHERE app = ? AND {column} = ?', [(app, sha256) for sha256 in gone]
                )

    # builds

    def record_push(self, push: Push, *, attempt: int = 1) -> Build:
        """Queues a build; builds of the app that have not started are superseded by it, in the same transaction."""
        with self._transaction() as db:
            row = db.execute(
                'INSERT INTO builds (app, ref, old, new, pusher, key, options, state, attempt, created)'
                ' VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING *',
                (
                    *(push.app, push.update.ref, push.update.old, push.update.new),
                    *(push.pusher.name, push.pusher.key, ' '.join(sorted(push.options))),
                    *(BuildState.QUEUED, attempt, time.time()),
                ),
            ).fetchone()
            cause = f'superseded by build {row["number"]} ({push.commit[:7]})'
            db.execute(
                'UPDATE builds SET state = ?, cause = ?, finished = ? WHERE app = ? AND state = ? AND number < ?',
                (BuildState.SUPERSEDED, cause, time.time(), push.app, BuildState.QUEUED, row['number']),
            )
            return _build(row)

    def claim(self, *, retries: bool) -> Build | None:
        """Takes the oldest queued build of an app that has none running, and marks it running.

        ``retries`` says whether second attempts may be taken (the engine answers again).
        """
        with self._transaction() as db:
            row = db.execute(
                "UPDATE builds SET state = 'running', started = ? WHERE number = ("
                " SELECT number FROM builds WHERE state = 'queued' AND attempt <= ?"
                " AND app NOT IN (SELECT app FROM builds WHERE state = 'running') ORDER BY number LIMIT 1)"
                ' RETURNING *',
                (time.time(), 99 if retries else 1),
            ).fetchone()
            return _build(row) if row else None

    def finish(self, number: int, state: BuildState, cause: str) -> bool:
        """Ends a build without a release; False if it had ended already."""
        with self._transaction() as db:
            done = db.execute(
                "UPDATE builds SET state = ?, cause = ?, finished = ? WHERE number = ? AND state IN ('queued', 'running')",
                (state, cause, time.time(), number),
            )
            return done.rowcount == 1

    def requeue_running(self) -> list[Build]:
        """After a restart: what was running waits again, unless something newer of its app waits too."""
        with self._transaction() as db:
            db.execute(
                "UPDATE builds SET state = 'superseded', finished = ?, cause = 'superseded by a newer push'"
                " WHERE state = 'running' AND EXISTS (SELECT 1 FROM builds AS newer"
                " WHERE newer.app = builds.app AND newer.number > builds.number AND newer.state = 'queued')",
                (time.time(),),
            )
            rows = db.execute(
                "UPDATE builds SET state = 'queued', started = NULL WHERE state = 'running' RETURNING *"
            ).fetchall()
            return [_build(row) for row in rows]

    def build(self, number: int) -> Build | None:
        """One build, or None."""
        for row in self._rows('SELECT * FROM builds WHERE number = ?', number):
            return _build(row)
        return None

    def builds(self, app: AppName | None = None, limit: int = 20) -> list[Build]:
        """The newest builds, newest first."""
        rows = self._rows(
            'SELECT * FROM builds WHERE (?1 IS NULL OR app = ?1) ORDER BY number DESC LIMIT ?2', app, limit
        )
        return [_build(row) for row in rows]

    def live_builds(self) -> list[Build]:
        """What is queued or running, oldest first."""
        rows = self._rows("SELECT * FROM builds WHERE state IN ('queued', 'running') ORDER BY number")
        return [_build(row) for row in rows]

    # releases

    def record_release(self, build: Build, release: Release, config: Mapping[str, str]) -> Release:
        """Gives the release its version, and ends its build, in one transaction.

        Raises ReleaseError if the build is not running any more (it was cancelled meanwhile).
        """
        with self._transaction() as db:
            done = db.execute(
                "UPDATE builds SET state = 'succeeded', finished = ? WHERE number = ? AND state = 'running'",
                (release.created, build.number),
            )
            if done.rowcount != 1:
                raise ReleaseError(f'build {build.number} is not running any more')
            slug = release.slug
            row = db.execute(
                'INSERT INTO releases SELECT ?1, COALESCE(MAX(version), 0) + 1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10,'
                ' ?11, ?12, ?13, ?14 FROM releases WHERE app = ?1 RETURNING *',
                (
                    *(release.app, release.build, release.commit, slug.url, slug.sha256, slug.size),
                    json.dumps({process.name: process.command for process in release.processes}),
                    *(json.dumps(dict(release.versions)), json.dumps(dict(config)), release.created),
                    *(release.pusher.name, release.pusher.key, release.buildpack, release.stack),
                ),
            ).fetchone()
            return _release(row)

    def release_of(self, build: int) -> Release | None:
        """The release that a build made, or None."""
        for row in self._rows('SELECT * FROM releases WHERE build = ?', build):
            return _release(row)
        return None

    def releases(self, app: AppName, limit: int = 20) -> list[Release]:
        """The newest releases, newest first; the first one is what the app runs."""
        rows = self._rows('SELECT * FROM releases WHERE app = ? ORDER BY version DESC LIMIT ?', app, limit)
        return [_release(row) for row in rows]

    def release(self, app: AppName, version: int) -> Release | None:
        """One release, or None."""
        for row in self._rows('SELECT * FROM releases WHERE app = ? AND version = ?', app, version):
            return _release(row)
        return None

    def released_config(self, release: Release) -> dict[str, str]:
        """The config vars that a release was built with."""
        values = (release.app, release.version)
        for row in self._rows('SELECT config FROM releases WHERE app = ? AND version = ?', *values):
            return dict(json.loads(row['config']))
        return {}

    def current(self, app: AppName) -> Release | None:
        """What the app runs."""
        return next(iter(self.releases(app, 1)), None)

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


def _build(row: sqlite3.Row) -> Build:
    update = RefUpdate(old=Commit(row['old']), new=Commit(row['new']), ref=row['ref'])
    return Build(
        number=row['number'],
        push=Push(
            app=AppName(row['app']),
            update=update,
            pusher=Pusher(name=row['pusher'], key=row['key']),
            options=frozenset(row['options'].split()),
        ),
        state=BuildState(row['state']),
        cause=row['cause'],
        created=row['created'],
        started=row['started'],
        finished=row['finished'],
        attempt=row['attempt'],
    )


def _release(row: sqlite3.Row) -> Release:
    processes = json.loads(row['processes'])
    return Release(
        app=AppName(row['app']),
        version=row['version'],
        build=row['build'],
        commit=Commit(row['commit_id']),
        slug=StoredSlug(url=row['url'], sha256=row['sha256'], size=row['size']),
        processes=tuple(ProcessType(name=name, command=command) for name, command in processes.items()),
        versions=json.loads(row['versions']),
        created=row['created'],
        pusher=Pusher(name=row['pusher'], key=row['key']),
        buildpack=row['buildpack'],
        stack=row['stack'],
    )
