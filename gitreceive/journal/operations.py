"""Which operations were announced and accepted, and what became of them."""

import json
import sqlite3
import time
from collections.abc import Iterable

from gitreceive.journal.database import Database, record_event
from gitreceive.journal.requests import decode, encode
from gitreceive.journal.schema import insertion
from gitreceive.model.access import Actor
from gitreceive.model.app import AppName
from gitreceive.model.errors import ReleaseError
from gitreceive.model.operation import Deploy, Operation, OperationRequest, OperationState

ANNOUNCED, QUEUED = OperationState.ANNOUNCED, OperationState.QUEUED

TWICE = 'the daemon died twice while this ran; its own log may say why'
"""The cause of an operation that is not tried a third time."""

MAX_ATTEMPTS = 2


class Operations:
    """Operations, from their announcement to an end without a release; ``Releases`` and ``Apps`` have the other end."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def announce(self, app: AppName, deploy: Deploy, actor: Actor, session: str = '') -> Operation:
        """Records a push before its ref moves; ``session`` is the word by which the SSH server finds it again."""
        with self._database.transaction() as db:
            return _add(db, app, deploy, actor, state=ANNOUNCED, session=session)

    def queue(self, number: int) -> Operation | None:
        """Queues what was announced, and supersedes the app's older deploys that have not started.

        Changes nothing if it was queued before. None if there is no such operation (it was dropped).
        """
        with self._database.transaction() as db:
            row = db.execute(
                "UPDATE operations SET state = 'queued' WHERE number = ? AND state = 'announced' RETURNING *",
                (number,),
            ).fetchone()
            if row:
                record_event(db, row['app'], 'operation.queued', row['actor'], operation=number)
                _queued(db, operation_of(row))
        return self.get(number)

    def drop(self, number: int) -> bool:
        """Forgets what was announced and never pushed; False if it was not waiting for its ref."""
        with self._database.transaction() as db:
            row = db.execute(
                "DELETE FROM operations WHERE number = ? AND state = 'announced' RETURNING *", (number,)
            ).fetchone()
            if row:
                record_event(db, row['app'], 'operation.dropped', row['actor'], operation=number)
            return row is not None

    def submit(
        self, app: AppName, request: OperationRequest, actor: Actor, *, attempt: int = 1, session: str = ''
    ) -> Operation:
        """Queues an operation that needs no announcement; a deploy supersedes those that have not started."""
        with self._database.transaction() as db:
            added = _add(db, app, request, actor, state=QUEUED, attempt=attempt, session=session)
            _queued(db, added)
            return added

    def claim(self, *, retries: bool, builds: bool = True, busy: Iterable[AppName] = ()) -> Operation | None:
        """Takes the oldest queued operation of an app that has none running, and marks it running.

        ``retries`` says whether second attempts may be taken (the engine answers again), ``builds`` whether those that
        build are to be taken, or those that do not. ``busy`` apps have to wait, too.
        """
        with self._database.transaction() as db:
            row = db.execute(
                "UPDATE operations SET state = 'running', started = ? WHERE number = ("
                " SELECT number FROM operations WHERE state = 'queued' AND attempt <= ? AND (kind = 'deploy') = ?"
                " AND app NOT IN (SELECT app FROM operations WHERE state = 'running')"
                ' AND app NOT IN (SELECT value FROM json_each(?)) ORDER BY number LIMIT 1) RETURNING *',
                (time.time(), 99 if retries else 1, builds, json.dumps([*busy])),
            ).fetchone()
            if row is None:
                return None
            record_event(db, row['app'], 'operation.running', row['actor'], operation=row['number'])
            return operation_of(row)

    def finish(self, number: int, state: OperationState, cause: str) -> bool:
        """Ends an operation without a release; False if it had ended already."""
        with self._database.transaction() as db:
            return _end(db, number, state, cause)

    def done(self, operation: Operation) -> None:
        """Ends an operation that has done what it was to do without a release.

        Raises ReleaseError if it is no longer running (it was cancelled meanwhile).
        """
        with self._database.transaction() as db:
            finish_done(db, operation)

    def requeue(self, number: int) -> None:
        """Lets an operation that was interrupted on purpose wait again, without counting it as an attempt."""
        with self._database.transaction() as db:
            row = db.execute(
                "UPDATE operations SET state = 'queued', started = NULL"
                " WHERE number = ? AND state = 'running' RETURNING *",
                (number,),
            ).fetchone()
            if row:
                _requeued(db, row)

    def requeue_running(self) -> list[Operation]:
        """After a crash: what was running waits again, one attempt later, and is returned.

        A deploy that a newer one waits behind is superseded; a last attempt has failed.
        """
        with self._database.transaction() as db:
            again = []
            for row in db.execute("SELECT * FROM operations WHERE state = 'running'").fetchall():
                if row['attempt'] >= MAX_ATTEMPTS:
                    _end(db, row['number'], OperationState.FAILED, TWICE)
                elif row['kind'] == 'deploy' and (newer := _newer_deploy(db, row)):
                    _supersede(db, row['number'], operation_of(newer))
                else:
                    again.append(_attempt_again(db, row['number']))
            return again

    def next_number(self) -> int:
        """No operation that there is has this number or a higher one."""
        (row,) = self._database.rows('SELECT COALESCE(MAX(number), 0) + 1 AS next FROM operations')
        return int(row['next'])

    def get(self, number: int) -> Operation | None:
        """One operation, or None."""
        return self._one('SELECT * FROM operations WHERE number = ?', number)

    def of_session(self, app: AppName, session: str) -> Operation | None:
        """What a session of the SSH server announced or queued for an app."""
        query = "SELECT * FROM operations WHERE app = ? AND session = ? AND session != '' ORDER BY number DESC LIMIT 1"
        return self._one(query, app, session)

    def of(self, app: AppName | None = None, limit: int = 20) -> list[Operation]:
        """The newest accepted operations, of an app or of all, newest first."""
        query = (
            "SELECT * FROM operations WHERE (?1 IS NULL OR app = ?1) AND state != 'announced'"
            ' ORDER BY number DESC LIMIT ?2'
        )
        return [operation_of(row) for row in self._database.rows(query, app, limit)]

    def active(self, app: AppName | None = None) -> list[Operation]:
        """What is queued or running, oldest first."""
        query = (
            "SELECT * FROM operations WHERE state IN ('queued', 'running') AND (?1 IS NULL OR app = ?1)"
            ' ORDER BY number'
        )
        return [operation_of(row) for row in self._database.rows(query, app)]

    def announced(self, app: AppName | None = None) -> list[Operation]:
        """What waits for its ref to move, oldest first."""
        query = (
            "SELECT * FROM operations WHERE state = 'announced' AND (?1 IS NULL OR app = ?1) ORDER BY number"
        )
        return [operation_of(row) for row in self._database.rows(query, app)]

    def _one(self, query: str, *values: object) -> Operation | None:
        for row in self._database.rows(query, *values):
            return operation_of(row)
        return None


def succeed(db: sqlite3.Connection, operation: Operation, finished: float, live: int | None) -> None:
    """Ends an operation that has done what it was to do; ``live`` is the version that its app runs from now on.

    Raises ReleaseError if it is no longer running (it was cancelled meanwhile).
    """
    done = db.execute(
        "UPDATE operations SET state = 'succeeded', finished = ?, live = ? WHERE number = ? AND state = 'running'",
        (finished, live, operation.number),
    )
    if done.rowcount != 1:
        raise ReleaseError(f'{operation.name} is no longer running')


def finish_done(db: sqlite3.Connection, operation: Operation) -> None:
    """Ends an operation that has done what it was to do without a release; its app runs what it ran.

    Raises ReleaseError if it is no longer running (it was cancelled meanwhile).
    """
    row = db.execute('SELECT live_release FROM apps WHERE name = ?', (operation.app,)).fetchone()
    succeed(db, operation, time.time(), live=row['live_release'] if row else None)
    record_event(db, operation.app, 'operation.succeeded', operation.actor.name, operation=operation.number)


def check_running(db: sqlite3.Connection, operation: Operation) -> None:
    """Raises ReleaseError if the operation is no longer running (it was cancelled meanwhile)."""
    query = "SELECT 1 FROM operations WHERE number = ? AND state = 'running'"
    if not db.execute(query, (operation.number,)).fetchone():
        raise ReleaseError(f'{operation.name} is no longer running')


def operation_of(row: sqlite3.Row) -> Operation:
    """A row of the table."""
    return Operation(
        number=row['number'],
        app=AppName(row['app']),
        request=decode(row['kind'], row['request']),
        actor=Actor(name=row['actor'], key=row['key']),
        state=OperationState(row['state']),
        cause=row['cause'],
        attempt=row['attempt'],
        live=row['live'],
        created=row['created'],
        started=row['started'],
        finished=row['finished'],
    )


def _add(
    db: sqlite3.Connection, app: AppName, request: OperationRequest, actor: Actor, **columns: object
) -> Operation:
    kind, details = encode(request)
    values = {'app': app, 'kind': kind, 'request': details, 'actor': actor.name, 'key': actor.key, **columns}
    values['created'] = time.time()
    query = f'{insertion("operations", values)} RETURNING *'
    row = db.execute(query, tuple(values.values())).fetchone()
    record_event(db, app, f'operation.{row["state"]}', actor.name, operation=row['number'], request=kind)
    return operation_of(row)


def _queued(db: sqlite3.Connection, operation: Operation) -> None:
    """Supersedes older deploys of the app that wait."""
    if not isinstance(operation.request, Deploy):
        return
    waiting = db.execute(
        "SELECT number FROM operations WHERE app = ? AND state = 'queued' AND kind = 'deploy' AND number < ?",
        (operation.app, operation.number),
    ).fetchall()
    for row in waiting:
        _supersede(db, row['number'], operation)


def _attempt_again(db: sqlite3.Connection, number: int) -> Operation:
    row = db.execute(
        "UPDATE operations SET state = 'queued', started = NULL, attempt = attempt + 1"
        ' WHERE number = ? RETURNING *',
        (number,),
    ).fetchone()
    return _requeued(db, row)


def _requeued(db: sqlite3.Connection, row: sqlite3.Row) -> Operation:
    attempt = row['attempt']
    record_event(db, row['app'], 'operation.queued', row['actor'], operation=row['number'], attempt=attempt)
    return operation_of(row)


def _newer_deploy(db: sqlite3.Connection, row: sqlite3.Row) -> sqlite3.Row | None:
    return db.execute(  # type: ignore[no-any-return]
        "SELECT * FROM operations WHERE app = ? AND state = 'queued' AND kind = 'deploy' AND number > ?"
        ' ORDER BY number DESC LIMIT 1',
        (row['app'], row['number']),
    ).fetchone()


def _supersede(db: sqlite3.Connection, number: int, by: Operation) -> None:
    _end(db, number, OperationState.SUPERSEDED, f'superseded by build {by.number} ({by.commit[:7]})')


def _end(db: sqlite3.Connection, number: int, state: OperationState, cause: str) -> bool:
    row = db.execute(
        'UPDATE operations SET state = ?, cause = ?, finished = ?,'
        ' live = (SELECT live_release FROM apps WHERE name = operations.app)'
        " WHERE number = ? AND state IN ('announced', 'queued', 'running') RETURNING *",
        (state, cause, time.time(), number),
    ).fetchone()
    if row:
        record_event(db, row['app'], f'operation.{state}', row['actor'], operation=number, cause=cause)
    return row is not None
