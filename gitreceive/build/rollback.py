"""An older release live again: its slug as it is in storage, its process types and config vars, under a new number."""

import time
from dataclasses import replace

from gitreceive.build.deploy import Line, reduce_older
from gitreceive.model.errors import NoSuchObject, ReleaseError, StorageError
from gitreceive.model.progress import Cancellation, Console
from gitreceive.model.push import Build
from gitreceive.model.release import Release
from gitreceive.points import point
from gitreceive.slugs.lock import keeping
from gitreceive.slugs.stored import complete_slug, open_slug

PIECE = 1 << 20


def roll_back(build: Build, line: Line, console: Console, cancellation: Cancellation) -> Release:
    """Releases what ``build.push.restores`` names once more, after its slug has been read back and compared.

    Raises ReleaseError if there is no such release or its slug is not what was stored, StorageError, StateError,
    BuildTimeout or BuildCancelled; then nothing is released.
    """
    app, version = build.push.app, build.push.restores
    older = line.history.release(app, version) if version else None
    if older is None:
        raise ReleaseError(f'{app} has no release v{version}; "releases {app}" lists them')
    console.step(f'Rolling {app} back to v{version} ({older.commit[:7]})')
    point('build.started')
    with keeping(app, line.home, cancellation):
        console.detail('Reading its slug back')
        _refuse_changed(older, line, cancellation)
        complete_slug(line.storage, app, older.slug.sha256)
        point('slug.stored')
        cancellation.check()
        again = replace(older, version=0, build=build.number, created=time.time(), pusher=build.push.pusher)
        release = line.history.record_release(build, again, line.history.released_config(older))
        point('release.recorded')
    console.detail(f'v{release.version} is v{version} again')
    reduce_older(release, line)
    return release


def _refuse_changed(release: Release, line: Line, cancellation: Cancellation) -> None:
    """Reads all of a slug. Raises ReleaseError if it is not there, or not as it was stored."""
    name, remedy = (
        f'v{release.version} cannot be live again',
        f'push {release.commit[:7]} to have it built again',
    )
    try:
        with open_slug(line.storage, release.app, release.slug.sha256) as stream:
            while stream.read(PIECE):
                cancellation.check()
    except NoSuchObject as error:
        raise ReleaseError(
            f'{name}, for its slug is not kept any more ({error}); {remedy}, or keep more (storage.keep_releases)'
        ) from error
    except StorageError as error:
        raise ReleaseError(f'{name}: {error}; "gitreceive slug verify" says more') from error
