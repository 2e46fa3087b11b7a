"""Another name for an app, in every table of the journal."""

import sqlite3

from gitreceive.model.app import AppName
from gitreceive.model.errors import ReleaseError

OF_APPS = (
    'config_vars',
    'allowed_paths',
    'clean_members',
    'slugs',
    'releases',
    'formation',
    'domains',
    'operations',
    'events',
)
"""The tables that name apps, beside ``apps`` itself."""


def rename_rows(db: sqlite3.Connection, app: AppName, new: AppName) -> None:
    """In the caller's transaction. What is told beside slugs names the app, and is told again.

    Raises ReleaseError if there is an app of the new name.
    """
    query = 'SELECT 1 FROM apps WHERE name = ?1 UNION SELECT 1 FROM releases WHERE app = ?1'
    if db.execute(query, (new,)).fetchone():
        raise ReleaseError(f'there is an app {new} already; choose another name')
    db.execute('DELETE FROM documents WHERE app = ?', (app,))
    for table in OF_APPS:
        db.execute(f'UPDATE {table} SET app = ? WHERE app = ?', (new, app))
    db.execute('UPDATE apps SET name = ? WHERE name = ?', (new, app))
