"""The last lines of a build, told from the journal alone: they are the same whenever they are asked for."""

import json

from gitreceive.config.settings import Settings
from gitreceive.daemon.log import shown
from gitreceive.model.push import Build, BuildState
from gitreceive.model.release import Release


def closing_lines(build: Build, release: Release | None, current: Release | None, settings: Settings) -> str:
    """What follows the log of a finished build: the verdict for people, and one JSON object for machines.

    ``release`` is what the build made, ``current`` what the app runs now.
    """
    lines = _released(release) if release else _failed(build, current, settings)
    return ''.join([*lines, '\n', *shown('       ', json.dumps(summary(build, release)))])


def exit_status(build: Build) -> int:
    """0 if and only if the build made a release."""
    return 0 if build.state == BuildState.SUCCEEDED else 1


def summary(build: Build, release: Release | None) -> dict[str, object]:
    """The build as one flat record: ``seconds`` from the push to the end, ``release`` a number or null."""
    return {
        'app': build.push.app,
        'build': build.number,
        'release': release.version if release else None,
        'commit': build.push.commit,
        'slug': f'sha256:{release.slug.sha256}' if release else None,
        'seconds': round(build.finished - build.created, 2) if build.finished else None,
        'status': build.state.value,
    }


def _released(release: Release) -> list[str]:
    return [
        *shown('-----> ', 'Releasing'),
        *shown('       ', f'v{release.version} stored in {release.slug.url}'),
    ]


def _failed(build: Build, current: Release | None, settings: Settings) -> list[str]:
    app = build.push.app
    what = {
        BuildState.FAILED: f'Build {build.number} failed: ',
        BuildState.CANCELLED: f'Build {build.number} was ',
    }
    first = what.get(build.state, f'Build {build.number} was ')
    told = shown(' !     ', first + build.cause)
    if build.state == BuildState.FAILED:
        host, port = settings.ssh.host, settings.ssh.address[1]
        told += shown(' !     ', f'Whole log: ssh -p {port} git@{host} logs {app} --build {build.number}')
    return told + shown(' !     ', _what_is_live(build, current))


def _what_is_live(build: Build, current: Release | None) -> str:
    app, branch = build.push.app, build.push.update.ref.removeprefix('refs/heads/')
    if build.state == BuildState.SUPERSEDED:
        return f'{app}: the newer build decides what {branch} points at'
    if current is None:
        return f'{app} has no release yet; {branch} was set back, so that the same push tries again'
    moved = build.push.restores is None and current.commit != build.push.commit
    set_back = f'; {branch} was set back to it' if moved else ''
    return f'{app} still runs v{current.version} ({current.commit[:7]}){set_back}'
