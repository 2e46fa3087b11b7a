"""The names of apps beside ``APP.DOMAIN``: each belongs to one app."""

import time

from gitreceive.journal.database import Database, record_event
from gitreceive.model.app import AppName


class Domains:
    """Domains, in the form that DNS has of them (lower case, ``xn--``)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, app: AppName) -> list[str]:
        """The app's domains, in the order in which they were added."""
        query = 'SELECT name FROM domains WHERE app = ? ORDER BY created, name'
        return [str(row['name']) for row in self._database.rows(query, app)]

    def owner(self, name: str) -> AppName | None:
        """The app that a name belongs to, or None."""
        for row in self._database.rows('SELECT app FROM domains WHERE name = ?', name):
            return AppName(row['app'])
        return None

    def add(self, app: AppName, name: str, *, by: str) -> AppName:
        """Gives the app a name, unless one has it; returns whose it is then."""
        with self._database.transaction() as db:
            added = db.execute('INSERT OR IGNORE INTO domains VALUES (?, ?, ?)', (name, app, time.time()))
            if added.rowcount:
                record_event(db, app, 'domain.added', by, domain=name)
            row = db.execute('SELECT app FROM domains WHERE name = ?', (name,)).fetchone()
            return AppName(row['app'])

    def remove(self, app: AppName, name: str, *, by: str) -> bool:
        """Takes a name away from the app; False if it had not that one."""
        with self._database.transaction() as db:
            gone = db.execute('DELETE FROM domains WHERE name = ? AND app = ?', (name, app))
            if gone.rowcount:
                record_event(db, app, 'domain.removed', by, domain=name)
            return bool(gone.rowcount)
