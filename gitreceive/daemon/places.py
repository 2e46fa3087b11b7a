"""How many conversations there may be with the daemon at once.

What hooks and the SSH server ask for a push has places of its own, and commands that are run.
"""

from collections.abc import Mapping, Sequence

from gitreceive.access.places import Bounds, Subject
from gitreceive.config.checks import REQUESTS, SESSIONS
from gitreceive.config.settings import KeySettings

PUSHES = ('announce', 'push', 'outcome', 'inflight')
"""The requests about a push: the app comes before the key."""


def bounds(keys: KeySettings) -> Mapping[str, Bounds]:
    """How many of each kind there may be."""
    return {
        'push': Bounds(total=SESSIONS, key=keys.sessions, app=keys.sessions),
        'verb': Bounds(total=REQUESTS, key=keys.requests, app=2 * keys.requests),
        'run': Bounds(total=64, key=8, app=16, what='commands'),
    }


def subject(fields: Sequence[str]) -> Subject:
    """Who and what a request is about, by its place in the fields; nothing is looked up or checked."""
    name = fields[0]
    if name in PUSHES:
        return Subject('push', _at(fields, 2), _at(fields, 1))
    kind = 'run' if _at(fields, 2) == 'run' else 'verb'
    return Subject(kind, _at(fields, 1), _at(fields, 3))


def _at(fields: Sequence[str], index: int) -> str:
    return fields[index] if index < len(fields) else ''
