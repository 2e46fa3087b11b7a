"""Access: which apps an actor may reach. Every use case looks here first, and nowhere else."""

from pathlib import Path

from gitreceive.config.home import Home
from gitreceive.journal.apps import Apps
from gitreceive.model.access import Actor
from gitreceive.model.app import APP_NAME, AppName
from gitreceive.model.errors import AccessDenied, UnknownApp
from gitreceive.repositories import UNBORN


def reached_apps(actor: Actor, home: Home) -> list[AppName]:
    """The apps that the actor may reach: those with a repository, sorted."""
    names = (path.stem for path in home.repos.glob('[a-z]*.git') if is_app(path))
    return sorted(AppName(name) for name in names if APP_NAME.fullmatch(name) and actor.reaches(name))


def reached(actor: Actor, app: AppName, home: Home) -> AppName:
    """The app. Raises UnknownApp, with the same words, if there is none or it is not the actor's."""
    if not actor.reaches(app) or not is_app(home.repo(app)):
        raise UnknownApp(f'no app {app} that you may reach; "apps" lists them, and the first push makes one')
    return app


def changeable(actor: Actor, app: AppName, home: Home, apps: Apps) -> AppName:
    """The app. Raises UnknownApp as ``reached`` does, or AccessDenied with the reason if the app is locked."""
    reached(actor, app, home)
    if why := refusal_of_locked(app, apps):
        raise AccessDenied(why)
    return app


def refusal_of_locked(app: AppName, apps: Apps) -> str:
    """Why nothing of the app may be changed; empty if it may."""
    reason = apps.locked(app)
    return f'{app} is locked: {reason}; "apps unlock {app}" ends that' if reason else ''


def is_app(repo: Path) -> bool:
    """Whether there is an app: one that nobody has pushed to yet goes with the session that wants to."""
    return repo.is_dir() and not (repo / UNBORN).exists()


def check_manages(actor: Actor, what: str) -> None:
    """Raises AccessDenied unless the actor may do something to the receiver as a whole."""
    if actor.apps is not None:
        raise AccessDenied(f'your key reaches some apps only and may not {what}; ask the sysadmin')
