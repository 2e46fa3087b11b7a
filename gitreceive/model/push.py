"""A push, and the build that it asks for. Times are seconds since the epoch (float, UTC)."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import NewType

from gitreceive.model.app import AppName
from gitreceive.model.errors import BadCommand

Commit = NewType('Commit', str)

COMMIT = re.compile(r'[0-9a-f]{40}')

NO_COMMIT = Commit('0' * 40)
"""What git writes for "this ref does not exist" (githooks(5), pre-receive)."""


def parse_commit(text: str) -> Commit:
    """``text`` as a full SHA-1 object name. Raises BadCommand otherwise."""
    if not COMMIT.fullmatch(text):
        raise BadCommand(f'{ascii(text[:50])} is not a commit: 40 hexadecimal digits are expected')
    return Commit(text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pusher:
    """Who acts: the name a key was registered under, and the key's SHA256 fingerprint (empty on the host itself)."""

    name: str
    key: str = ''


@dataclass(frozen=True, slots=True, kw_only=True)
class RefUpdate:
    """One line of a hook's standard input: ``old new ref``."""

    old: Commit
    new: Commit
    ref: str

    @property
    def deletes(self) -> bool:
        """Whether the push removes the ref."""
        return self.new == NO_COMMIT


ROLLBACK = 'rollback='
"""An option that no pusher can give: the verb of that name does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Push:
    """An accepted update of an app's deploy branch, as the journal keeps it."""

    app: AppName
    update: RefUpdate
    pusher: Pusher
    options: frozenset[str] = frozenset()

    @property
    def commit(self) -> Commit:
        """The commit to build."""
        return self.update.new

    @property
    def restores(self) -> int | None:
        """The version of the release that is to be live again, for a rollback; None where something is to be built."""
        found = (option.removeprefix(ROLLBACK) for option in self.options if option.startswith(ROLLBACK))
        return next(map(int, found), None)


class BuildState(StrEnum):
    """Where a build stands. ``queued`` and ``running`` are the live ones; the others are final."""

    QUEUED = 'queued'
    RUNNING = 'running'
    SUCCEEDED = 'succeeded'
    FAILED = 'failed'
    CANCELLED = 'cancelled'
    SUPERSEDED = 'superseded'

    @property
    def live(self) -> bool:
        """Whether the build still has work to do."""
        return self in (BuildState.QUEUED, BuildState.RUNNING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """One try at turning a push into a release. ``number`` counts over all apps of a receiver, from 1."""

    number: int
    push: Push
    state: BuildState
    cause: str = ''
    created: float = 0.0
    started: float | None = None
    finished: float | None = None
    attempt: int = 1
