"""Where in an app's slugs things may stand that look secret."""

from collections.abc import Sequence

from gitreceive.commands.access import changeable, reached
from gitreceive.config.home import Home
from gitreceive.journal.apps import Apps
from gitreceive.model.access import Actor
from gitreceive.model.app import AppName
from gitreceive.model.errors import BadCommand

MAX_PATHS = 200
MAX_PATH = 1024


def allowed_paths(actor: Actor, app: AppName, home: Home, apps: Apps) -> list[str]:
    """The paths, sorted. Raises UnknownApp."""
    return apps.allowed_paths(reached(actor, app, home))


def change_allowed_paths(
    actor: Actor, app: AppName, added: Sequence[str], removed: Sequence[str], home: Home, apps: Apps
) -> list[str]:
    """Adds and removes paths below ``/app/``, all or none; returns those there are. Raises UnknownApp or BadCommand."""
    changeable(actor, app, home, apps)
    new, gone = [*map(_path, added)], [*map(_path, removed)]
    if len({*apps.allowed_paths(app), *new}) > MAX_PATHS:
        raise BadCommand(f'an app has at most {MAX_PATHS} such paths; a directory stands for what is in it')
    apps.change_allowed_paths(app, new, gone, by=actor.name)
    return apps.allowed_paths(app)


def _path(text: str) -> str:
    path = text.rstrip('/')
    if (
        not path.startswith('/app/')
        or {'', '.', '..'}.intersection(path.split('/')[1:])
        or len(path) > MAX_PATH
    ):
        raise BadCommand(f'{text[:80]!a} is no path below /app/, as /app/src/test/key.pem is')
    return path
