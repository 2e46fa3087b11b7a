"""An older release live again: its slug as it is in storage, its process types and config vars, under a new number."""

import time
from dataclasses import replace

from gitreceive.build.deploy import Line, reduce_older
from gitreceive.model.errors import NoSuchObject, ReleaseError, StorageError
from gitreceive.model.operation import Operation, Rollback
from gitreceive.model.progress import Cancellation, Console
from gitreceive.model.release import Release
from gitreceive.points import point
from gitreceive.slugs.lock import keeping
from gitreceive.slugs.stored import complete_slug, open_slug

PIECE = 1 << 20


def roll_back(operation: Operation, line: Line, console: Console, cancellation: Cancellation) -> Release:
    """Releases an older release once more, after its slug has been read back and compared.

    Raises ReleaseError if there is no such release or its slug is not what was stored, StorageError, StateError,
    BuildTimeout or BuildCancelled; then nothing is released.
    """
    app, older = operation.app, _older(operation, line)
    console.step(f'Rolling {app} back to v{older.version} ({older.commit[:7]})')
    point('build.started')
    with keeping(app, line.home, cancellation):
        console.detail('Reading its slug back')
        _refuse_changed(older, line, cancellation)
        complete_slug(line.storage, app, older.slug.sha256)
        point('slug.stored')
        cancellation.check()
        release = _record(operation, older, line)
        point('release.recorded')
    console.detail(f'v{release.version} is v{older.version} again')
    reduce_older(release, line)
    return release


def _older(operation: Operation, line: Line) -> Release:
    """The release that is to be live again. Raises ReleaseError if there is none of that version."""
    app, request = operation.app, operation.request
    assert isinstance(request, Rollback)
    found = line.journal.releases.get(app, request.version)
    if found is None:
        raise ReleaseError(f'{app} has no release v{request.version}; "releases {app}" lists them')
    return found


def _record(operation: Operation, older: Release, line: Line) -> Release:
    again = replace(
        older,
        version=0,
        operation=operation.number,
        created=time.time(),
        actor=operation.actor,
        description=f'Rollback to v{older.version}',
    )
    return line.journal.releases.record(operation, again, line.journal.releases.config(older))


def _refuse_changed(release: Release, line: Line, cancellation: Cancellation) -> None:
    """Reads all of a slug. Raises ReleaseError if it is not there, or not as it was stored."""
    name, remedy = (
        f'cannot roll back to v{release.version}',
        f'push {release.commit[:7]} to have it built again',
    )
    try:
        with open_slug(line.storage, release.app, release.slug.sha256) as stream:
            while stream.read(PIECE):
                cancellation.check()
    except NoSuchObject as error:
        kept = f'storage.keep_releases = {line.keeper.keep}'
        raise ReleaseError(
            f'{name}: its slug was pruned ({kept}; {error}); {remedy}, or keep more'
        ) from error
    except StorageError as error:
        raise ReleaseError(f'{name}: {error}; "gitreceive slug verify" says more') from error
