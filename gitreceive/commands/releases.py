"""Releases: what an app ran, and back to one of them."""

from gitreceive.commands.access import reached
from gitreceive.commands.builds import Submit
from gitreceive.config.home import Home
from gitreceive.journal.releases import Releases
from gitreceive.model.access import Actor
from gitreceive.model.app import AppName
from gitreceive.model.errors import BadCommand
from gitreceive.model.operation import Operation, Rollback
from gitreceive.model.release import Release


def list_releases(actor: Actor, app: AppName, limit: int, home: Home, releases: Releases) -> list[Release]:
    """The newest releases, newest first. Raises UnknownApp."""
    return releases.of(reached(actor, app, home), limit)


def roll_back(
    actor: Actor, app: AppName, version: str | None, home: Home, releases: Releases, submit: Submit
) -> Operation:
    """Makes an older release live again; without ``version`` the one before the live one.

    Raises UnknownApp, or BadCommand if there is no such release.
    """
    target = _chosen(reached(actor, app, home), version, releases)
    return submit(app, Rollback(version=target.version, commit=target.commit), actor)


def _chosen(app: AppName, version: str | None, releases: Releases) -> Release:
    """The release of that version (``v3`` or ``3``), or the newest before the live one."""
    live = releases.live(app)
    if live is None:
        raise BadCommand(f'{app} has no release yet')
    if version is None:
        older = (each for each in releases.of(app, -1) if each.version < live.version)
        found = next(older, None)
        if found is None:
            raise BadCommand(f'{app} has no release before v{live.version}')
        return found
    digits = version.removeprefix('v')
    found = (
        releases.get(app, int(digits)) if digits.isascii() and digits.isdigit() and len(digits) < 10 else None
    )
    if found is None:
        raise BadCommand(f'{app} has no release {version[:20]!a}; "releases {app}" lists them')
    if found.version == live.version:
        raise BadCommand(f'v{live.version} is what {app} runs')
    return found
