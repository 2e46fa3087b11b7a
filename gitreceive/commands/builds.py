"""Builds, and the other operations of an app: which there were, what is under way, and how to repeat one."""

from collections.abc import Callable
from dataclasses import dataclass

from gitreceive.commands.access import changeable, reached
from gitreceive.config.home import Home
from gitreceive.journal import Journal
from gitreceive.model.access import Actor
from gitreceive.model.app import AppName
from gitreceive.model.errors import BadCommand
from gitreceive.model.operation import Operation, OperationRequest, redeploy
from gitreceive.model.push import NO_COMMIT
from gitreceive.model.release import Release
from gitreceive.repositories import read_ref

Submit = Callable[[AppName, OperationRequest, Actor], Operation]
"""Journals an operation and wakes a worker."""

Cancel = Callable[[Operation, Actor], Operation]
"""Ends an operation that waits or runs, and returns it as it has ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildInfo:
    """An operation, and the release that it made."""

    operation: Operation
    release: Release | None


def list_builds(
    actor: Actor, app: AppName | None, limit: int, home: Home, journal: Journal
) -> list[BuildInfo]:
    """The newest operations, newest first: of an app, or of all that the actor may reach. Raises UnknownApp."""
    if app:
        found = journal.operations.of(reached(actor, app, home), limit)
    elif actor.apps is None:
        found = journal.operations.of(None, limit)
    else:
        each = (one for name in actor.apps for one in journal.operations.of(AppName(name), limit))
        found = sorted(each, key=lambda operation: -operation.number)[:limit]
    return [BuildInfo(operation=one, release=journal.releases.made_by(one.number)) for one in found]


def find_build(actor: Actor, app: AppName, number: int | None, home: Home, journal: Journal) -> Operation:
    """The operation of that number, or the newest. Raises UnknownApp, or BadCommand if the app has none."""
    reached(actor, app, home)
    newest = journal.operations.of(app, 1)
    found = journal.operations.get(number) if number is not None else newest[0] if newest else None
    if found is None or found.app != app:
        which = f'build {number}' if number is not None else 'build'
        raise BadCommand(f'{app} has no {which}; "builds {app}" lists them')
    return found


def rebuild(
    actor: Actor, app: AppName, nocache: bool, home: Home, journal: Journal, submit: Submit
) -> Operation:
    """Builds what the deploy branch names again. Raises UnknownApp, or BadCommand if nothing was pushed."""
    branch = journal.apps.deploy_branch(changeable(actor, app, home, journal.apps)) or ''
    commit = read_ref(home.repo(app), branch) if branch else NO_COMMIT
    if commit == NO_COMMIT:
        raise BadCommand(f'{app} has no released commit to build again; push one')
    options = frozenset({'nocache'} if nocache else ())
    return submit(app, redeploy(commit, branch, options), actor)


def cancel(actor: Actor, app: AppName, home: Home, journal: Journal, end: Cancel) -> list[Operation]:
    """Ends what waits or runs of an app; what is live stays live. Returns how that ended. Raises UnknownApp."""
    active = journal.operations.active(reached(actor, app, home))
    return [end(operation, actor) for operation in active]
