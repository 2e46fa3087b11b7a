"""What changed, in the order in which it did: one row for each change, written in its transaction."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from gitreceive.journal.database import Database
from gitreceive.model.app import AppName

KEPT = 100_000
"""Events that are kept, about 20 MB of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One change: ``kind`` is ``operation.queued``, ``release.live``, ``config.changed`` and the like.

    ``details`` holds names and numbers, never the value of a config var.
    """

    number: int
    at: float
    app: AppName
    kind: str
    actor: str
    details: Mapping[str, object]


class Events:
    """The events of all apps."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def trim(self, kept: int = KEPT) -> None:
        """Forgets all but the newest events."""
        with self._database.transaction() as db:
            db.execute('DELETE FROM events WHERE number <= (SELECT MAX(number) FROM events) - ?', (kept,))

    def after(self, number: int, limit: int = 1000) -> list[Event]:
        """The events that came after that one, oldest first."""
        query = 'SELECT * FROM events WHERE number > ? ORDER BY number LIMIT ?'
        return [
            Event(
                number=row['number'],
                at=row['at'],
                app=AppName(row['app']),
                kind=row['kind'],
                actor=row['actor'],
                details=json.loads(row['details']),
            )
            for row in self._database.rows(query, number, limit)
        ]
