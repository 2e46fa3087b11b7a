"""Operations: everything that changes what an app runs. Times are seconds since the epoch (float, UTC)."""

from dataclasses import dataclass
from enum import StrEnum

from gitreceive.model.access import Actor
from gitreceive.model.app import AppName
from gitreceive.model.push import NO_COMMIT, Commit, RefUpdate


class OperationState(StrEnum):
    """Where an operation stands.

    ``announced``: a push whose ref may move in a moment. ``queued`` and ``running`` are active; the others are final.
    """

    ANNOUNCED = 'announced'
    QUEUED = 'queued'
    RUNNING = 'running'
    SUCCEEDED = 'succeeded'
    FAILED = 'failed'
    CANCELLED = 'cancelled'
    SUPERSEDED = 'superseded'

    @property
    def final(self) -> bool:
        """Whether nothing is left to do."""
        return self not in (OperationState.ANNOUNCED, OperationState.QUEUED, OperationState.RUNNING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deploy:
    """A push to the deploy branch, or the same commit again: it is built and released."""

    update: RefUpdate
    options: frozenset[str] = frozenset()

    @property
    def commit(self) -> Commit:
        """The commit to build."""
        return self.update.new


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollback:
    """An older release is released again; ``commit`` is that release's."""

    version: int
    commit: Commit


@dataclass(frozen=True, slots=True, kw_only=True)
class Destroy:
    """The app goes, with its repository, releases, slugs and config vars."""

    @property
    def commit(self) -> Commit:
        """No commit: the app runs nothing afterwards."""
        return NO_COMMIT


OperationRequest = Deploy | Rollback | Destroy


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One change of one app, as the journal keeps it. ``number`` counts over all apps of a receiver, from 1.

    ``live`` is the version that the app ran when the operation ended, None if it ran none or has not ended.
    """

    number: int
    app: AppName
    request: OperationRequest
    actor: Actor
    state: OperationState
    cause: str = ''
    attempt: int = 1
    live: int | None = None
    created: float = 0.0
    started: float | None = None
    finished: float | None = None

    @property
    def commit(self) -> Commit:
        """The commit that the app runs if the operation succeeds."""
        return self.request.commit

    @property
    def options(self) -> frozenset[str]:
        """The push options; none for what was not pushed."""
        return self.request.options if isinstance(self.request, Deploy) else frozenset()

    @property
    def name(self) -> str:
        """What people call it: ``build 7``, ``rollback to v3``, ``removal of hello``."""
        if isinstance(self.request, Destroy):
            return f'removal of {self.app}'
        if isinstance(self.request, Rollback):
            return f'rollback to v{self.request.version}'
        return f'build {self.number}'

    @property
    def title(self) -> str:
        """The same at the beginning of a sentence."""
        return self.name[0].upper() + self.name[1:]


def redeploy(commit: Commit, ref: str, options: frozenset[str] = frozenset()) -> Deploy:
    """A deploy that moves no ref."""
    return Deploy(update=RefUpdate(old=commit, new=commit, ref=ref), options=options)
