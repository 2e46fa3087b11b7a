"""A release of one app, released in another: the same slug, nothing is built, the other app's config vars."""

from collections.abc import Callable

from gitreceive.build.again import RollOut, create_again
from gitreceive.build.ports import BuiltApps, ReleaseBook, SlugStore
from gitreceive.build.reduce import reduce_older
from gitreceive.model.app import AppName
from gitreceive.model.errors import NoSuchObject, ReleaseError
from gitreceive.model.operation import Promote
from gitreceive.model.release import Release
from gitreceive.model.task import Task
from gitreceive.points import point

BringCommit = Callable[[Release, AppName], None]
"""Brings the commit of a release into the repository of another app."""


def promote(
    task: Task,
    *,
    slugs: SlugStore,
    releases: ReleaseBook,
    apps: BuiltApps,
    bring_commit: BringCommit,
    roll_out: RollOut,
) -> Release:
    """Releases a release of another app. Raises ReleaseError if that is not there, or its slug; SourceError,
    StorageError, StateError, or what ``roll_out`` raises; then what was live is live.
    """
    request = task.operation.request
    assert isinstance(request, Promote)
    found = releases.get(request.source, request.version)
    if found is None:
        raise ReleaseError(f'{request.source} no longer has a release v{request.version}')
    task.console.step(f'Promoting {found.app} v{found.version} ({found.commit[:7]}) to {task.app}')
    point('build.started')
    bring_commit(found, task.app)
    with slugs.keeping(found.app, task.cancellation), slugs.keeping(task.app, task.cancellation):
        _copy(found, task, slugs)
        point('slug.stored')
        task.cancellation.check()
        description = f'Promote {found.app} v{found.version}'
        created = create_again(task, found, apps.config(task.app), description, releases)
        release = roll_out(task, created)
    reduce_older(task.app, slugs, releases)
    return release


def _copy(found: Release, task: Task, slugs: SlugStore) -> None:
    try:
        slugs.copy(found.app, found.slug.sha256, task.app, task.cancellation.check)
    except NoSuchObject as error:
        raise ReleaseError(f'the slug of {found.app} v{found.version} was pruned ({error})') from error
