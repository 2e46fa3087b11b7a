"""How many conversations there may be with the daemon at once: of all, of one key, about one app.

Nobody may hold more places than are left for others: the first key gets half of them at most, the next one half of the
rest, so that there is a place for whoever has none. What hooks and the SSH server ask for a push has places of its own.
"""

import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

HOST_PLACES = 16
"""Kept for the sysadmin on the host, who has no key."""


class Subject(NamedTuple):
    """Whose request it is (a key's fingerprint, empty on the host), about which app (empty: none), and of which kind."""

    kind: str
    key: str
    app: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How many at once: in all, of one key, about one app."""

    total: int
    key: int
    app: int


BOUNDS: Mapping[str, Bounds] = {
    'push': Bounds(total=1024, key=400, app=400),
    'verb': Bounds(total=256, key=24, app=48),
}

_PUSHES = ('announce', 'push', 'outcome', 'inflight')
"""The requests about a push: the app comes before the key."""


def subject(fields: Sequence[str]) -> Subject:
    """Who and what a request is about, by its place in the fields; nothing is looked up or checked."""
    name = fields[0]
    if name in _PUSHES:
        return Subject('push', _at(fields, 2), _at(fields, 1))
    return Subject('verb', _at(fields, 1), _at(fields, 3))


def _at(fields: Sequence[str], index: int) -> str:
    return fields[index] if index < len(fields) else ''


class Places:
    """Counts the conversations. Thread-safe."""

    def __init__(self, bounds: Mapping[str, Bounds] = BOUNDS) -> None:
        self._bounds = bounds
        self._lock = threading.Lock()
        self._held: Counter[tuple[str, ...]] = Counter()

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
                f'the daemon has {held} conversations and takes no more; ask again in a moment'
                if full
                else ''
            )
        left = max(1, bounds.total - held) if held < bounds.total else 0
        for what, name, most in (('key', subject.key, bounds.key), ('app', subject.app, bounds.app)):
            mine = self._held[(subject.kind, what, name)] if name else 0
            if mine >= min(most, left):
                return f'this {what} has {mine} requests under way, and no more are taken at once; end one or wait'
        return ''


def _counted(subject: Subject) -> list[tuple[str, ...]]:
    kind, key, app = subject
    named = [('key', key)] if key else []
    named += [('app', app)] if app else []
    return [(kind,), *((kind, *each) for each in named)]
