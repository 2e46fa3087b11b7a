"""What is known of slugs and their members: whether they passed the search for secrets, what is told beside them."""

from collections.abc import Iterable

from gitreceive.journal.database import Database
from gitreceive.model.app import AppName


class Slugs:
    """Facts that save work: they can be found again."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def is_clean(self, app: AppName, sha256: str, rules: str) -> bool:
        """Whether a member of a slug passed under these rules."""
        query = 'SELECT 1 FROM clean_members WHERE app = ? AND sha256 = ? AND rules = ?'
        return bool(self._database.rows(query, app, sha256, rules))

    def mark_clean(self, app: AppName, sha256: str, rules: str) -> None:
        """Remembers that it did; only the last rules count."""
        with self._database.transaction() as db:
            db.execute('INSERT OR REPLACE INTO clean_members VALUES (?, ?, ?)', (app, sha256, rules))

    def documents(self, app: AppName, slug: str) -> dict[str, str]:
        """What was stored about a slug: the kind of each document, and its checksum."""
        query = 'SELECT kind, sha256 FROM documents WHERE app = ? AND slug = ?'
        return {row['kind']: row['sha256'] for row in self._database.rows(query, app, slug)}

    def record_document(self, app: AppName, slug: str, kind: str, sha256: str) -> None:
        """Remembers that it is in storage."""
        with self._database.transaction() as db:
            db.execute('INSERT OR REPLACE INTO documents VALUES (?, ?, ?, ?)', (app, slug, kind, sha256))

    def forget(self, app: AppName, kept: Iterable[str]) -> None:
        """Forgets what is known of slugs and members, but for those that are kept."""
        with self._database.transaction() as db:
            for table, column in (('clean_members', 'sha256'), ('documents', 'slug')):
                rows = db.execute(f'SELECT DISTINCT {column} FROM {table} WHERE app = ?', (app,)).fetchall()
                gone = {row[0] for row in rows}.difference(kept)
                db.executemany(
                    f'DELETE FROM {table} WHERE app = ? AND {column} = ?', [(app, sha256) for sha256 in gone]
                )
