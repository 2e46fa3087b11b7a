"""An older release live again: its slug as it is in storage, its process types and config vars, under a new number."""

from gitreceive.build.again import RollOut, create_again
from gitreceive.build.ports import BuiltApps, ReleaseBook, SlugStore
from gitreceive.build.reduce import reduce_older
from gitreceive.model.errors import NoSuchObject, ReleaseError, StorageError
from gitreceive.model.operation import Rollback
from gitreceive.model.release import Release, ReleaseState
from gitreceive.model.task import Task
from gitreceive.points import point


def roll_back(
    task: Task,
    *,
    slugs: SlugStore,
    releases: ReleaseBook,
    apps: BuiltApps,
    keep: int,
    roll_out: RollOut,
) -> Release:
    """Releases an older release again, after its slug has been read back and compared.

    ``keep`` is how many releases keep their slugs. Raises ReleaseError if there is no such release, it failed, or its
    slug is not what was stored, StorageError, StateError, BuildTimeout or BuildCancelled; then nothing is released.
    """
    request = task.operation.request
    assert isinstance(request, Rollback)
    older = _older(task, request.version, releases)
    task.console.step(f'Rolling {task.app} back to v{older.version} ({older.commit[:7]})')
    point('build.started')
    with slugs.keeping(task.app, task.cancellation):
        task.console.detail('Reading its slug back')
        _restore(older, slugs, task, keep)
        point('slug.stored')
        task.cancellation.check()
        config = apps.config(task.app) if request.code_only else releases.config(older)
        created = create_again(task, older, config, f'Rollback to v{older.version}', releases)
        release = roll_out(task, created)
    task.console.detail(f'v{release.version} is v{older.version} again')
    reduce_older(task.app, slugs, releases)
    return release


def _older(task: Task, version: int, releases: ReleaseBook) -> Release:
    """The release that is to be live again. Raises ReleaseError if there is none of that version, or it never was."""
    app = task.app
    found = releases.get(app, version)
    if found is None:
        raise ReleaseError(f'{app} has no release v{version}; "releases {app}" lists them')
    if found.state is ReleaseState.FAILED:
        raise ReleaseError(
            f'cannot roll back to v{version}: it never came up; "releases {app}" lists those that did'
        )
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
