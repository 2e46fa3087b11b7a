"""Releases: what an app ran, back to one of them, and on to another app."""

from collections.abc import Mapping
from dataclasses import dataclass

from gitreceive.commands.access import changeable, reached
from gitreceive.commands.builds import Submit
from gitreceive.config.home import Home
from gitreceive.journal import Journal
from gitreceive.journal.releases import Releases
from gitreceive.model.access import Actor
from gitreceive.model.app import AppName
from gitreceive.model.errors import BadCommand
from gitreceive.model.operation import Operation, Promote, Rollback
from gitreceive.model.release import Release, ReleaseState


def list_releases(actor: Actor, app: AppName, limit: int, home: Home, releases: Releases) -> list[Release]:
    """The newest releases, newest first. Raises UnknownApp."""
    return releases.of(reached(actor, app, home), limit)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseInfo:
    """A release, and the config vars that it was made with."""

    release: Release
    config: Mapping[str, str]


def show_release(actor: Actor, app: AppName, version: str, home: Home, releases: Releases) -> ReleaseInfo:
    """One release. Raises UnknownApp, or BadCommand if there is none of that version."""
    found = _of_version(reached(actor, app, home), version, releases)
    return ReleaseInfo(release=found, config=dict(sorted(releases.config(found).items())))


@dataclass(frozen=True, slots=True, kw_only=True)
class Back:
    """What is to be live again: ``version``, or None for the release before; ``code_only``: with the config vars of now."""

    version: str | None
    code_only: bool = False


def roll_back(
    actor: Actor, app: AppName, target: Back, home: Home, journal: Journal, submit: Submit
) -> Operation:
    """Makes an older release live again. Raises UnknownApp, AccessDenied, or BadCommand if there is no such release."""
    found = _chosen(changeable(actor, app, home, journal.apps), target.version, journal.releases)
    rollback = Rollback(version=found.version, commit=found.commit, code_only=target.code_only)
    return submit(app, rollback, actor)


@dataclass(frozen=True, slots=True, kw_only=True)
class Promoted:
    """What is promoted: a release of another app, the live one without ``version``."""

    app: AppName
    version: str | None = None


def promote(
    actor: Actor, origin: Promoted, app: AppName, home: Home, journal: Journal, submit: Submit
) -> Operation:
    """Releases a release of another app in ``app``. Raises UnknownApp, AccessDenied, BadCommand."""
    source, releases = reached(actor, origin.app, home), journal.releases
    changeable(actor, app, home, journal.apps)
    if source == app:
        raise BadCommand(f'{app} cannot be promoted to itself; "rollback" makes an older release live again')
    found = _of_version(source, origin.version, releases) if origin.version else releases.live(source)
    if found is None:
        raise BadCommand(f'{source} has no release yet, so that there is nothing to promote')
    _check_came_up(found)
    return submit(app, Promote(source=source, version=found.version, commit=found.commit), actor)


def _chosen(app: AppName, version: str | None, releases: Releases) -> Release:
    """The release of that version (``v3`` or ``3``), or the newest before the live one."""
    live = releases.live(app)
    if live is None:
        raise BadCommand(f'{app} has no release yet')
    if version is None:
        found = next((each for each in releases.of(app, -1) if _came_before(each, live)), None)
        if found is None:
            raise BadCommand(f'{app} has no release before v{live.version}')
        return found
    found = _of_version(app, version, releases)
    if found.version == live.version:
        raise BadCommand(f'v{live.version} is what {app} runs')
    _check_came_up(found)
    return found


def _came_before(release: Release, live: Release) -> bool:
    return release.version < live.version and release.state is ReleaseState.REPLACED


def _check_came_up(release: Release) -> None:
    if release.state not in (ReleaseState.LIVE, ReleaseState.REPLACED):
        raise BadCommand(
            f'{release.app} v{release.version} was never live (it is {release.state}); choose another one'
        )


def _of_version(app: AppName, version: str, releases: Releases) -> Release:
    digits = version.removeprefix('v')
    number = int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 10 else 0
    found = releases.get(app, number)
    if found is None:
        raise BadCommand(f'{app} has no release {version[:20]!a}; "releases {app}" lists them')
    return found
