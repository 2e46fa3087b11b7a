"""Locks: an app of which nothing is to be changed, for a reason that everybody is told who tries."""

from gitreceive.commands.access import reached
from gitreceive.config.home import Home
from gitreceive.journal.apps import Apps
from gitreceive.model.access import Actor
from gitreceive.model.app import AppName
from gitreceive.model.errors import BadCommand

MOST = 200
"""Characters of a reason."""


def lock_app(actor: Actor, app: AppName, why: str | None, home: Home, apps: Apps) -> str:
    """Locks the app and returns the reason, with who has locked it. Raises UnknownApp or BadCommand."""
    reached(actor, app, home)
    text = (why or '').strip()
    if len(text) > MOST or not text.isprintable():
        raise BadCommand(f'a reason is one line of at most {MOST} characters')
    reason = f'{text or "no reason given"} ({actor.name})'
    apps.lock(app, reason, by=actor.name)
    return reason


def unlock_app(actor: Actor, app: AppName, home: Home, apps: Apps) -> bool:
    """Unlocks the app; False if it was not locked. Raises UnknownApp."""
    locked = bool(apps.locked(reached(actor, app, home)))
    if locked:
        apps.lock(app, '', by=actor.name)
    return locked
