"""What an app runs, and what it ran before."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from gitreceive.model.access import Actor
from gitreceive.model.app import AppName
from gitreceive.model.process import ProcessType
from gitreceive.model.push import Commit
from gitreceive.model.slug import StoredSlug


class ReleaseState(StrEnum):
    """Where a release stands: ``created`` and ``starting`` come before ``live``; one release of an app is live."""

    CREATED = 'created'
    STARTING = 'starting'
    LIVE = 'live'
    REPLACED = 'replaced'
    FAILED = 'failed'


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """A slug, process types and config vars: immutable but for its state, numbered from 1 for each app.

    ``operation`` is the number of the operation that made it, ``description`` what that did (``Deploy 41ccc10``);
    ``running`` what app.json says of how it runs, as JSON has it.
    """

    app: AppName
    version: int
    operation: int
    commit: Commit
    slug: StoredSlug
    processes: tuple[ProcessType, ...]
    versions: Mapping[str, str]
    created: float
    actor: Actor
    buildpack: str
    stack: str
    state: ReleaseState = field(default=ReleaseState.CREATED, compare=False)
    description: str = ''
    running: Mapping[str, object] = field(default_factory=dict)
