"""Apps: which there are, and how they come and go."""

from dataclasses import dataclass

from gitreceive.commands.access import changeable, check_manages, is_app, reached, reached_apps
from gitreceive.commands.builds import Submit
from gitreceive.config.home import Home
from gitreceive.journal import Journal
from gitreceive.journal.apps import Apps
from gitreceive.model.access import Actor
from gitreceive.model.app import AppName
from gitreceive.model.errors import AccessDenied, BadCommand
from gitreceive.model.operation import Operation, Rename
from gitreceive.model.release import Release
from gitreceive.model.route import Route
from gitreceive.repositories import UNBORN, check_creates, ensure_repository, move_ref, point_head, read_ref
from gitreceive.repositories.refs import is_branch_name


@dataclass(frozen=True, slots=True, kw_only=True)
class AppInfo:
    """An app: the branch that is deployed, what it runs, what is under way, and the names of its config vars.

    ``locked`` is the reason, if it is; ``route`` how it is served.
    """

    app: AppName
    branch: str | None
    live: Release | None
    active: tuple[Operation, ...] = ()
    config: tuple[str, ...] = ()
    locked: str = ''
    stopped: bool = False
    route: Route | None = None


def list_apps(actor: Actor, home: Home, journal: Journal) -> list[AppInfo]:
    """The apps that the actor may reach, in few words."""
    return [
        AppInfo(app=app, branch=_branch(app, journal), live=journal.releases.live(app))
        for app in reached_apps(actor, home)
    ]


def app_info(actor: Actor, app: AppName, home: Home, journal: Journal) -> AppInfo:
    """One app. Raises UnknownApp."""
    reached(actor, app, home)
    return AppInfo(
        app=app,
        branch=_branch(app, journal),
        live=journal.releases.live(app),
        active=tuple(journal.operations.active(app)),
        config=tuple(sorted(journal.apps.config(app))),
        locked=journal.apps.locked(app),
        stopped=journal.running.stopped(app),
        route=journal.running.route(app),
    )


def create_app(actor: Actor, app: AppName, most_of_key: int, home: Home) -> bool:
    """Makes an app that can be pushed to; False if there is one. ``most_of_key``: how many a key may create.

    Raises AccessDenied.
    """
    check_manages(actor, 'create apps')
    if actor.key and not most_of_key:
        raise AccessDenied('apps are created by the sysadmin on the host here')
    repo = home.repo(app)
    exists = is_app(repo)
    if actor.key and not exists:
        check_creates(actor.key, home.repos, most_of_key)
    ensure_repository(repo, creator=actor.key)
    (repo / UNBORN).unlink(missing_ok=True)
    return not exists


def set_deploy_branch(actor: Actor, app: AppName, branch: str, home: Home, journal: Journal) -> None:
    """Lets pushes of ``branch`` deploy from now on; it names what is live until then.

    Raises BadCommand for what is no branch's name, and while something is under way; UnknownApp.
    """
    repo = home.repo(changeable(actor, app, home, journal.apps))
    ref, former = f'refs/heads/{branch}', journal.apps.deploy_branch(app)
    if not is_branch_name(branch):
        raise BadCommand(f'{branch[:80]!a} is not the name of a branch that can be deployed')
    if journal.operations.active(app) or journal.operations.announced(app):
        raise BadCommand(f'{app} is being deployed; wait for its end, or "cancel {app}"')
    live = journal.releases.live(app)
    if former is None:
        journal.apps.add(app, ref, by=actor.name)
    elif former != ref:
        journal.apps.set_deploy_branch(app, ref, by=actor.name)
    if live:
        move_ref(repo, ref, new=live.commit, expected=read_ref(repo, ref))
    point_head(repo, ref)


def check_destroy(actor: Actor, app: AppName, confirmed: str | None, home: Home, apps: Apps) -> None:
    """Whether the actor may remove the app and means it. Raises AccessDenied, UnknownApp or BadCommand."""
    check_manages(actor, 'destroy apps')
    changeable(actor, app, home, apps)
    if confirmed != app:
        raise BadCommand(
            f'this removes {app} with its repository, releases, slugs and config vars, for good; '
            f'if you mean it: apps destroy {app} --confirm {app}'
        )


def rename_app(
    actor: Actor, app: AppName, new: AppName, home: Home, journal: Journal, submit: Submit
) -> Operation:
    """Gives the app another name. Raises AccessDenied, UnknownApp, or BadCommand if the name is taken."""
    check_manages(actor, 'rename apps')
    changeable(actor, app, home, journal.apps)
    if is_app(home.repo(new)) or new in journal.apps.all():
        raise BadCommand(f'there is an app {new} already; choose another name')
    return submit(app, Rename(source=app, to=new), actor)


def _branch(app: AppName, journal: Journal) -> str | None:
    ref = journal.apps.deploy_branch(app)
    return ref.removeprefix('refs/heads/') if ref else None
