"""How apps run: how many instances of what, whether they are stopped, and what the router is to know of them."""

import sqlite3
import time
from collections.abc import Mapping

from gitreceive.journal.database import Database, record_event
from gitreceive.journal.operations import finish_done
from gitreceive.model.app import AppName
from gitreceive.model.instance import Formation, Scale
from gitreceive.model.operation import Operation
from gitreceive.model.route import Route


class RunningApps:
    """Satisfies ``AppsThatRun`` of ``gitreceive.run.ports``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def formation(self, app: AppName) -> Formation:
        """How many instances of which process type there are to be, as far as somebody has said."""
        query = 'SELECT * FROM formation WHERE app = ? ORDER BY process'
        return {
            row['process']: Scale(count=row['count'], memory=row['memory'], cpus=row['cpus'])
            for row in self._database.rows(query, app)
        }

    def set_first_formation(self, app: AppName, formation: Formation) -> None:
        """What an app begins with; nothing if somebody has said something already."""
        with self._database.transaction() as db:
            if formation and not db.execute('SELECT 1 FROM formation WHERE app = ?', (app,)).fetchone():
                _write_formation(db, app, formation)
                record_event(db, app, 'formation.changed', counts=_counts(formation))

    def rescale(self, operation: Operation, formation: Formation) -> None:
        """Changes the formation of those process types and ends the operation, in one transaction.

        Raises ReleaseError if the operation is no longer running (it was cancelled meanwhile).
        """
        app = operation.app
        with self._database.transaction() as db:
            finish_done(db, operation)
            _write_formation(db, app, formation)
            record_event(db, app, 'formation.changed', operation.actor.name, counts=_counts(formation))

    def stopped(self, app: AppName) -> bool:
        """Whether it was stopped by its people."""
        return bool(self._flags(app)['stopped'])

    def switch(self, operation: Operation, on: bool) -> None:
        """Remembers that the app is stopped, or is to run, and ends the operation, in one transaction.

        Raises ReleaseError if the operation is no longer running (it was cancelled meanwhile).
        """
        app = operation.app
        with self._database.transaction() as db:
            finish_done(db, operation)
            db.execute('UPDATE apps SET stopped = ? WHERE name = ?', (not on, app))
            record_event(db, app, 'app.started' if on else 'app.stopped', operation.actor.name)

    def route(self, app: AppName) -> Route:
        """Its names and how it is served, without endpoints."""
        flags = self._flags(app)
        rows = self._database.rows('SELECT name FROM domains WHERE app = ? ORDER BY created, name', app)
        return Route(
            app=app,
            domains=tuple(str(row['name']) for row in rows),
            maintenance=bool(flags['maintenance']),
            sticky=bool(flags['sticky']),
        )

    def set_maintenance(self, app: AppName, on: bool, *, by: str) -> None:
        """Whether requests are answered with the page that says that the app is being worked on."""
        self._set(app, 'maintenance', on, by)

    def set_sticky(self, app: AppName, on: bool, *, by: str) -> None:
        """Whether a client stays with the instance that answered it first."""
        self._set(app, 'sticky', on, by)

    def _set(self, app: AppName, column: str, on: bool, by: str) -> None:
        with self._database.transaction() as db:
            ensure_row(db, app)
            db.execute(f'UPDATE apps SET {column} = ? WHERE name = ?', (on, app))
            record_event(db, app, f'{column}.changed', by, on=on)

    def _flags(self, app: AppName) -> Mapping[str, object]:
        for row in self._database.rows('SELECT stopped, maintenance, sticky FROM apps WHERE name = ?', app):
            return dict(row)
        return {'stopped': 0, 'maintenance': 0, 'sticky': 0}


def ensure_row(db: sqlite3.Connection, app: AppName) -> None:
    """An app that nobody has pushed to yet has no row, and no deploy branch then."""
    db.execute(
        "INSERT OR IGNORE INTO apps (name, deploy_branch, created) VALUES (?, '', ?)", (app, time.time())
    )


def _write_formation(db: sqlite3.Connection, app: AppName, formation: Formation) -> None:
    for process, scale in formation.items():
        row = (app, process, scale.count, scale.memory, scale.cpus)
        db.execute('INSERT OR REPLACE INTO formation VALUES (?, ?, ?, ?, ?)', row)


def _counts(formation: Formation) -> Mapping[str, int]:
    return {process: scale.count for process, scale in formation.items()}
