"""Which stack an app is built on."""

from collections.abc import Sequence

from gitreceive.commands.access import changeable, reached
from gitreceive.config.home import Home
from gitreceive.journal import Journal
from gitreceive.journal.apps import Apps
from gitreceive.model.access import Actor
from gitreceive.model.app import AppName
from gitreceive.model.errors import BadCommand


def app_stack(actor: Actor, app: AppName, default: str, home: Home, apps: Apps) -> str:
    """The stack that the app is built on, unless its app.json asks for another. Raises UnknownApp."""
    return apps.kept_stack(reached(actor, app, home)) or default


def set_stack(
    actor: Actor, app: AppName, stack: str, known: Sequence[str], home: Home, journal: Journal
) -> None:
    """Lets the next build of the app be on that stack. Raises UnknownApp, or BadCommand if it is not ``known``."""
    changeable(actor, app, home, journal.apps)
    if stack not in known:
        raise BadCommand(f'there is no stack {stack[:40]!a}; there are: {", ".join(known)}')
    if app not in journal.apps.all():
        raise BadCommand(f'{app} was not pushed to yet; push it first, or set "stack" in its app.json')
    journal.apps.set_stack(app, stack, by=actor.name)
