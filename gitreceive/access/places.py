"""How much there may be at once: in all, of one key, about one app.

Nobody may hold more places than are left for others: the first key gets half of them at most, the next one half of the
rest, so that there is a place for whoever has none.
"""

import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple

from gitreceive.model.errors import TooMany

HOST_PLACES = 16
"""Kept for the sysadmin on the host, who has no key."""


class Subject(NamedTuple):
    """Whose place it is (a key's fingerprint, empty on the host), about which app (empty: none), and of which kind."""

    kind: str
    key: str
    app: str = ''


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How many at once: in all, of one key, about one app; ``what`` they are."""

    total: int
    key: int
    app: int
    what: str = 'requests'


class Places:
    """Counts what is held of each kind. Thread-safe."""

    def __init__(self, bounds: Mapping[str, Bounds]) -> None:
        self._bounds = bounds
        self._lock = threading.Lock()
        self._held: Counter[tuple[str, ...]] = Counter()

    @contextmanager
    def held(self, subject: Subject) -> Iterator[None]:
        """A place, while it lasts. Raises TooMany if there is none."""
        why = self.take(subject)
        if why:
            raise TooMany(why)
        try:
            yield
        finally:
            self.free(subject)

    def take(self, subject: Subject) -> str:
        """Takes a place; returns why there is none, or an empty text."""
        with self._lock:
            why = self._refusal(subject)
            if not why:
                self._held.update(_counted(subject))
            return why

    def free(self, subject: Subject) -> None:
        """Gives the place back."""
        with self._lock:
            self._held.subtract(_counted(subject))
            self._held = +self._held

    def _refusal(self, subject: Subject) -> str:
        bounds, held = self._bounds[subject.kind], self._held[(subject.kind,)]
        if not subject.key:
            full = held >= bounds.total + HOST_PLACES
            return (
                f'there are {held} {bounds.what} under way, and this receiver takes no more; ask again in a moment'
                if full
                else ''
            )
        left = max(1, bounds.total - held) if held < bounds.total else 0
        for whose, name, most in (('key', subject.key, bounds.key), ('app', subject.app, bounds.app)):
            mine = self._held[(subject.kind, whose, name)] if name else 0
            if mine >= min(most, left):
                return f'this {whose} has {mine} {bounds.what} under way, and no more are taken at once; end one or wait'
        return ''


def _counted(subject: Subject) -> list[tuple[str, ...]]:
    kind, key, app = subject
    named = [('key', key)] if key else []
    named += [('app', app)] if app else []
    return [(kind,), *((kind, *each) for each in named)]
