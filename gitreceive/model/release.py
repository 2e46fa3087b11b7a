"""What an app runs."""

from collections.abc import Mapping
from dataclasses import dataclass

from gitreceive.model.app import AppName
from gitreceive.model.process import ProcessType
from gitreceive.model.push import Commit, Pusher
from gitreceive.model.slug import StoredSlug


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """What an app runs: immutable, numbered from 1 for each app, made by one build."""

    app: AppName
    version: int
    build: int
    commit: Commit
    slug: StoredSlug
    processes: tuple[ProcessType, ...]
    versions: Mapping[str, str]
    created: float
    pusher: Pusher
    buildpack: str
    stack: str
