"""What is known of apps: deploy branches, config vars, what may look secret."""

import time
from collections.abc import Mapping, Sequence

from gitreceive.journal.database import Database
from gitreceive.model.app import AppName


class Apps(Database):
    """Apps and their settings."""

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
