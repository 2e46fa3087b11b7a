"""Operations: everything that changes what an app runs. Times are seconds since the epoch (float, UTC)."""

from dataclasses import dataclass
from enum import StrEnum

from gitreceive.model.access import Actor
from gitreceive.model.app import AppName
from gitreceive.model.instance import Formation
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
    """An older release is released again; ``commit`` is that release's. ``code_only``: with today's config vars."""

    version: int
    commit: Commit
    code_only: bool = False


class WithoutCommit:
    """A change that makes no release of its own."""

    __slots__ = ()

    @property
    def commit(self) -> Commit:
        """No commit: the release stays, or the app goes."""
        return NO_COMMIT


@dataclass(frozen=True, slots=True, kw_only=True)
class Destroy(WithoutCommit):
    """The app goes, with its repository, releases, slugs and config vars."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Configure:
    """What is live is released again with the config vars that are set now; ``changed`` says what was (``Set FOO``)."""

    changed: str
    commit: Commit


@dataclass(frozen=True, slots=True, kw_only=True)
class Promote:
    """A release of another app is released, with this app's config vars; ``commit`` is that release's."""

    source: AppName
    version: int
    commit: Commit


@dataclass(frozen=True, slots=True, kw_only=True)
class Rescale(WithoutCommit):
    """The formation changes: what runs is made to agree with it. No release is made."""

    formation: Formation


@dataclass(frozen=True, slots=True, kw_only=True)
class Restart(WithoutCommit):
    """New instances take the place of those that run, or of one process type or instance (``web``, ``web.1``)."""

    processes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Switch(WithoutCommit):
    """All instances are stopped, or started again."""

    on: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Rename(WithoutCommit):
    """The app ``source`` is called ``to`` from now on; so is the app of the operation, once it has happened."""

    source: AppName
    to: AppName


OperationRequest = Deploy | Rollback | Destroy | Configure | Promote | Rescale | Restart | Switch | Rename


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
        match self.request:
            case Rollback(version=version):
                return f'rollback to v{version}'
            case Configure():
                return f'release of {self.app} with new config vars'
            case Promote(source=source, version=version):
                return f'promotion of {source} v{version}'
            case Deploy():
                return f'build {self.number}'
            case change:
                return _name_without_release(change, self.app)

    @property
    def title(self) -> str:
        """The same at the beginning of a sentence."""
        return self.name[0].upper() + self.name[1:]


def redeploy(commit: Commit, ref: str, options: frozenset[str] = frozenset()) -> Deploy:
    """A deploy that moves no ref."""
    return Deploy(update=RefUpdate(old=commit, new=commit, ref=ref), options=options)


def _name_without_release(request: Destroy | Rescale | Restart | Switch | Rename, app: AppName) -> str:
    match request:
        case Rename(source=source, to=to):
            return f'renaming of {source} to {to}'
        case Rescale():
            return f'scaling of {app}'
        case Restart():
            return f'restart of {app}'
        case Switch(on=on):
            return f'{"start" if on else "stop"} of {app}'
        case Destroy():
            return f'removal of {app}'
