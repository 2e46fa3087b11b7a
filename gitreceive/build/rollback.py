"""An older release live again: its slug as it is in storage, its process types and config vars, under a new number."""

import time
from collections.abc import Callable
from dataclasses import replace

from gitreceive.build.ports import ReleaseBook, SlugStore
from gitreceive.build.reduce import reduce_older
from gitreceive.model.errors import NoSuchObject, ReleaseError, StorageError
from gitreceive.model.operation import Rollback
from gitreceive.model.release import Release
from gitreceive.model.task import Task
from gitreceive.points import point


def roll_back(
    task: Task,
    *,
    slugs: SlugStore,
    releases: ReleaseBook,
    keep: int,
    roll_out: Callable[[Task, Release], Release],
) -> Release:
    """Releases an older release again, after its slug has been read back and compared.

    ``keep`` is how many releases keep their slugs. Raises ReleaseError if there is no such release or its slug is not
    what was stored, StorageError, StateError, BuildTimeout or BuildCancelled; then nothing is released.
    """
    older = _older(task, releases)
    task.console.step(f'Rolling {task.app} back to v{older.version} ({older.commit[:7]})')
    point('build.started')
    with slugs.keeping(task.app, task.cancellation):
        task.console.detail('Reading its slug back')
        _restore(older, slugs, task, keep)
        point('slug.stored')
        task.cancellation.check()
        created = _create(task, older, releases)
        point('release.created')
        release = roll_out(task, created)
    task.console.detail(f'v{release.version} is v{older.version} again')
    reduce_older(task.app, slugs, releases)
    return release


def _older(task: Task, releases: ReleaseBook) -> Release:
    """The release that is to be live again. Raises ReleaseError if there is none of that version."""
    app, request = task.app, task.operation.request
    assert isinstance(request, Rollback)
    found = releases.get(app, request.version)
    if found is None:
        raise ReleaseError(f'{app} has no release v{request.version}; "releases {app}" lists them')
    return found


def _restore(release: Release, slugs: SlugStore, task: Task, keep: int) -> None:
    """Reads all of the slug. Raises ReleaseError if it is not there, or not as it was stored."""
    name = f'cannot roll back to v{release.version}'
    remedy = f'push {release.commit[:7]} to have it built again'
    try:
        slugs.restore(release.app, release.slug.sha256, task.cancellation.check)
    except NoSuchObject as error:
        kept = f'storage.keep_releases = {keep}'
        raise ReleaseError(
            f'{name}: its slug was pruned ({kept}; {error}); {remedy}, or keep more'
        ) from error
    except StorageError as error:
        raise ReleaseError(f'{name}: {error}; "gitreceive slug verify" says more') from error


def _create(task: Task, older: Release, releases: ReleaseBook) -> Release:
    again = replace(
        older,
        version=0,
        operation=task.operation.number,
        created=time.time(),
        actor=task.operation.actor,
        description=f'Rollback to v{older.version}',
    )
    return releases.create(task.operation, again, releases.config(older))
