"""What is known of apps: deploy branches, config vars, what may look secret."""

import time
from collections.abc import Mapping, Sequence

from gitreceive.journal.database import Database, record_event
from gitreceive.journal.operations import check_running, succeed
from gitreceive.journal.renaming import rename_rows
from gitreceive.journal.running import ensure_row
from gitreceive.model.app import AppName
from gitreceive.model.operation import Operation

OF_APPS = (
    'config_vars',
    'allowed_paths',
    'clean_members',
    'documents',
    'slugs',
    'releases',
    'formation',
    'domains',
)
"""The tables with what belongs to an app, beside its operations."""


class Apps:
    """Apps and their settings."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> list[AppName]:
        """All apps that somebody pushed to or said something of, sorted."""
        return [AppName(row['name']) for row in self._database.rows('SELECT name FROM apps ORDER BY name')]

    def deploy_branch(self, app: AppName) -> str | None:
        """The ref whose pushes deploy (``refs/heads/main``), or None before the first one."""
        for row in self._database.rows('SELECT deploy_branch FROM apps WHERE name = ?', app):
            return row['deploy_branch'] or None
        return None

    def add(self, app: AppName, deploy_branch: str, *, by: str = '') -> None:
        """Remembers an app and its deploy branch; the first word counts. ``by`` names who pushed or set it."""
        with self._database.transaction() as db:
            ensure_row(db, app)
            query = "UPDATE apps SET deploy_branch = ? WHERE name = ? AND deploy_branch = ''"
            added = db.execute(query, (deploy_branch, app))
            if added.rowcount:
                record_event(db, app, 'app.created', by, deploy_branch=deploy_branch)

    def destroy(self, operation: Operation) -> None:
        """Forgets the operation's app and ends the operation, in one transaction; what was pushed later stays.

        Raises ReleaseError if the operation is no longer running (it was cancelled meanwhile).
        """
        app, number = operation.app, operation.number
        with self._database.transaction() as db:
            succeed(db, operation, time.time(), live=None)
            for table in OF_APPS:
                db.execute(f'DELETE FROM {table} WHERE app = ?', (app,))
            db.execute('DELETE FROM operations WHERE app = ? AND number < ?', (app, number))
            db.execute('UPDATE apps SET live_release = NULL WHERE name = ?', (app,))
            db.execute(
                'DELETE FROM apps WHERE name = ?1'
                ' AND NOT EXISTS (SELECT 1 FROM operations WHERE app = ?1 AND number > ?2)',
                (app, number),
            )
            record_event(db, app, 'app.destroyed', operation.actor.name, operation=number)

    def rename(self, operation: Operation, new: AppName) -> None:
        """Gives the operation's app another name, in one transaction; the operation goes on.

        Raises ReleaseError if it is no longer running (it was cancelled meanwhile), or there is an app of that name.
        """
        with self._database.transaction() as db:
            check_running(db, operation)
            rename_rows(db, operation.app, new)
            record_event(db, new, 'app.renamed', operation.actor.name, former=operation.app)

    def set_deploy_branch(self, app: AppName, ref: str, *, by: str) -> None:
        """Lets pushes of another branch deploy from now on. ``by`` names who asked for it."""
        with self._database.transaction() as db:
            db.execute('UPDATE apps SET deploy_branch = ? WHERE name = ?', (ref, app))
            record_event(db, app, 'app.deploy_branch', by, deploy_branch=ref)

    def kept_stack(self, app: AppName) -> str:
        """The stack that was chosen for the app, else that of its live release; empty if there is neither."""
        query = (
            'SELECT apps.stack AS chosen, releases.stack AS live FROM apps LEFT JOIN releases'
            ' ON releases.app = name AND version = live_release WHERE name = ?'
        )
        for row in self._database.rows(query, app):
            return str(row['chosen'] or row['live'] or '')
        return ''

    def set_stack(self, app: AppName, stack: str, *, by: str) -> None:
        """Lets the next builds of the app be on that stack."""
        with self._database.transaction() as db:
            db.execute('UPDATE apps SET stack = ? WHERE name = ?', (stack, app))
            record_event(db, app, 'app.stack', by, stack=stack)

    def locked(self, app: AppName) -> str:
        """Why nothing of the app may be changed; empty if it may."""
        for row in self._database.rows('SELECT locked FROM apps WHERE name = ?', app):
            return str(row['locked'])
        return ''

    def lock(self, app: AppName, reason: str, *, by: str) -> None:
        """Locks the app for a reason; an empty one unlocks it."""
        with self._database.transaction() as db:
            ensure_row(db, app)
            db.execute('UPDATE apps SET locked = ? WHERE name = ?', (reason, app))
            record_event(db, app, 'app.locked' if reason else 'app.unlocked', by, reason=reason)

    def config(self, app: AppName) -> dict[str, str]:
        """The app's config vars."""
        query = 'SELECT name, value FROM config_vars WHERE app = ?'
        unseal = self._database.cipher.unseal
        return {row['name']: unseal(row['value']) for row in self._database.rows(query, app)}

    def change_config(
        self, app: AppName, changes: Mapping[str, str], removed: Sequence[str], *, by: str = ''
    ) -> None:
        """Sets and removes config vars, all or none. ``by`` names who asked for it; empty for a build."""
        sealed = {name: self._database.cipher.seal(value) for name, value in changes.items()}
        with self._database.transaction() as db:
            for name, value in sealed.items():
                db.execute('INSERT OR REPLACE INTO config_vars VALUES (?, ?, ?)', (app, name, value))
            for name in removed:
                db.execute('DELETE FROM config_vars WHERE app = ? AND name = ?', (app, name))
            record_event(db, app, 'config.changed', by, set=sorted(changes), removed=sorted(removed))

    def allowed_paths(self, app: AppName) -> list[str]:
        """Where in the app's slugs things may stand that look secret."""
        rows = self._database.rows('SELECT path FROM allowed_paths WHERE app = ? ORDER BY path', app)
        return [str(row['path']) for row in rows]

    def change_allowed_paths(
        self, app: AppName, added: Sequence[str], removed: Sequence[str], *, by: str = ''
    ) -> None:
        """Adds and removes such places, all or none. ``by`` names who asked for it."""
        with self._database.transaction() as db:
            db.executemany(
                'INSERT OR IGNORE INTO allowed_paths VALUES (?, ?)', [(app, path) for path in added]
            )
            db.executemany(
                'DELETE FROM allowed_paths WHERE app = ? AND path = ?', [(app, path) for path in removed]
            )
            record_event(db, app, 'allowed_paths.changed', by, added=list(added), removed=list(removed))
