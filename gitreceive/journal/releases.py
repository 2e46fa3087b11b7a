"""What was released, and with which config vars."""

import json
import sqlite3
import time
from collections.abc import Mapping

from gitreceive.journal.database import Database, record_event
from gitreceive.journal.operations import check_running, succeed
from gitreceive.journal.schema import insertion
from gitreceive.model.access import Actor
from gitreceive.model.app import AppName
from gitreceive.model.operation import Operation
from gitreceive.model.process import ProcessType
from gitreceive.model.push import Commit
from gitreceive.model.release import Release, ReleaseState
from gitreceive.model.slug import StoredSlug

FOUND = 'SELECT releases.*, slugs.size FROM releases JOIN slugs ON slugs.app = releases.app AND slugs.sha256 = slug'


class Releases:
    """Releases, numbered for each app."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(self, operation: Operation, release: Release, config: Mapping[str, str]) -> Release:
        """Gives the release its version; it is not live yet. An operation that is retried makes the same one.

        Raises ReleaseError if the operation is no longer running (it was cancelled meanwhile).
        """
        with self._database.transaction() as db:
            return self._create(db, operation, release, config)

    def starting(self, release: Release) -> None:
        """Its instances are being started."""
        with self._database.transaction() as db:
            _mark(db, release, ReleaseState.STARTING)

    def fail(self, release: Release) -> None:
        """It was not to be live; nothing of one that is, or was."""
        with self._database.transaction() as db:
            failed = db.execute(
                "UPDATE releases SET state = 'failed' WHERE app = ? AND version = ?"
                " AND state IN ('created', 'starting')",
                (release.app, release.version),
            )
            if not failed.rowcount:
                return
            record_event(db, release.app, 'release.failed', release.actor.name, release=release.version)

    def fail_abandoned(self) -> int:
        """Releases that were to be live, of operations that have ended: they have failed. Returns how many."""
        with self._database.transaction() as db:
            done = db.execute(
                "UPDATE releases SET state = 'failed' WHERE state IN ('created', 'starting') AND operation NOT IN"
                " (SELECT number FROM operations WHERE state IN ('queued', 'running'))"
            )
            return done.rowcount

    def go_live(self, operation: Operation, release: Release) -> Release:
        """Lets the release be live and ends its operation, in one transaction.

        Raises ReleaseError if the operation is no longer running (it was cancelled meanwhile).
        """
        with self._database.transaction() as db:
            return self._go_live(db, operation, release)

    def record(self, operation: Operation, release: Release, config: Mapping[str, str]) -> Release:
        """``create`` and ``go_live`` at once."""
        with self._database.transaction() as db:
            return self._go_live(db, operation, self._create(db, operation, release, config))

    def _create(
        self, db: sqlite3.Connection, operation: Operation, release: Release, config: Mapping[str, str]
    ) -> Release:
        check_running(db, operation)
        app, number = release.app, operation.number
        again = db.execute(
            'DELETE FROM releases WHERE operation = ? AND app = ? RETURNING version', (number, app)
        ).fetchone()
        version = again['version'] if again else _next_version(db, app)
        _insert(db, version, release, self._database.cipher.seal(json.dumps(dict(config))))
        if not again:
            record_event(db, app, 'release.created', operation.actor.name, release=version, operation=number)
        return self._made(app, version)

    def _go_live(self, db: sqlite3.Connection, operation: Operation, release: Release) -> Release:
        app, version = release.app, release.version
        succeed(db, operation, max(time.time(), release.created), live=version)
        db.execute("UPDATE releases SET state = 'replaced' WHERE app = ? AND state = 'live'", (app,))
        _mark(db, release, ReleaseState.LIVE)
        db.execute('UPDATE apps SET live_release = ? WHERE name = ?', (version, app))
        who, number = operation.actor.name, operation.number
        record_event(db, app, 'release.live', who, release=version, operation=number)
        record_event(db, app, 'operation.succeeded', who, operation=number, release=version)
        return self._made(app, version)

    def _made(self, app: AppName, version: int) -> Release:
        made = self.get(app, version)
        assert made
        return made

    def live(self, app: AppName) -> Release | None:
        """What the app runs, or None."""
        query = f'{FOUND} JOIN apps ON name = releases.app AND live_release = version WHERE name = ?'
        return self._one(query, app)

    def get(self, app: AppName, version: int) -> Release | None:
        """One release, or None."""
        return self._one(f'{FOUND} WHERE releases.app = ? AND version = ?', app, version)

    def made_by(self, operation: int) -> Release | None:
        """The release that an operation made, or None."""
        return self._one(f'{FOUND} WHERE operation = ?', operation)

    def of(self, app: AppName, limit: int = 20) -> list[Release]:
        """The newest releases, newest first; all of them for a negative limit."""
        query = f'{FOUND} WHERE releases.app = ? ORDER BY version DESC LIMIT ?'
        return [_release(row) for row in self._database.rows(query, app, limit)]

    def config(self, release: Release) -> dict[str, str]:
        """The config vars that a release was made with."""
        query = 'SELECT config FROM releases WHERE app = ? AND version = ?'
        for row in self._database.rows(query, release.app, release.version):
            return dict(json.loads(self._database.cipher.unseal(row['config'])))
        return {}

    def versions(self, app: AppName, sha256: str) -> tuple[int | None, int]:
        """The first release that has this slug, if there is one, and the number that the next release will get."""
        query = (
            'SELECT MIN(CASE slug WHEN ?2 THEN version END) AS first, COALESCE(MAX(version), 0) + 1 AS next'
            ' FROM releases WHERE app = ?1'
        )
        (row,) = self._database.rows(query, app, sha256)
        return row['first'], row['next']

    def _one(self, query: str, *values: object) -> Release | None:
        for row in self._database.rows(query, *values):
            return _release(row)
        return None


def _mark(db: sqlite3.Connection, release: Release, state: ReleaseState) -> None:
    db.execute(
        'UPDATE releases SET state = ? WHERE app = ? AND version = ?', (state, release.app, release.version)
    )


def _next_version(db: sqlite3.Connection, app: AppName) -> int:
    query = 'SELECT COALESCE(MAX(version), 0) + 1 AS next FROM releases WHERE app = ?'
    return int(db.execute(query, (app,)).fetchone()['next'])


def _insert(db: sqlite3.Connection, version: int, release: Release, config: str) -> None:
    app, slug = release.app, release.slug
    db.execute('INSERT OR REPLACE INTO slugs VALUES (?, ?, ?)', (app, slug.sha256, slug.size))
    values = {
        'app': app,
        'version': version,
        'operation': release.operation,
        'state': ReleaseState.CREATED,
        'description': release.description,
        'commit_id': release.commit,
        'slug': slug.sha256,
        'processes': json.dumps({process.name: process.command for process in release.processes}),
        'versions': json.dumps(dict(release.versions)),
        'config': config,
        'created': release.created,
        'actor': release.actor.name,
        'key': release.actor.key,
        'buildpack': release.buildpack,
        'stack': release.stack,
        'running': json.dumps(dict(release.running)),
    }
    db.execute(insertion('releases', values), tuple(values.values()))


def _release(row: sqlite3.Row) -> Release:
    processes = json.loads(row['processes'])
    return Release(
        app=AppName(row['app']),
        version=row['version'],
        operation=row['operation'],
        commit=Commit(row['commit_id']),
        slug=StoredSlug(sha256=row['slug'], size=row['size']),
        processes=tuple(ProcessType(name=name, command=command) for name, command in processes.items()),
        versions=json.loads(row['versions']),
        created=row['created'],
        actor=Actor(name=row['actor'], key=row['key']),
        buildpack=row['buildpack'],
        stack=row['stack'],
        state=ReleaseState(row['state']),
        description=row['description'],
        running=json.loads(row['running']),
    )
