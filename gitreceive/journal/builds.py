"""The journal: which pushes were accepted, and what became of them."""

import sqlite3
import time

from gitreceive.journal.database import Database
from gitreceive.model.app import AppName
from gitreceive.model.push import Build, BuildState, Commit, Push, Pusher, RefUpdate


class Builds(Database):
    """Builds, from a push to their end without a release; ``Releases`` has the other end."""

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
