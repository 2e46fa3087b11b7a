"""What the two hooks ask: may these refs be updated, and what happens now that they are."""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass

from gitreceive.build.room import remedy
from gitreceive.config.home import Home
from gitreceive.config.settings import Settings
from gitreceive.daemon.positions import Positions
from gitreceive.daemon.queue import Queue
from gitreceive.journal import Journal
from gitreceive.model.access import Actor
from gitreceive.model.app import AppName, parse_app_name
from gitreceive.model.errors import BadCommand
from gitreceive.model.operation import Deploy, Operation, OperationRequest, redeploy
from gitreceive.model.push import NO_COMMIT, RefUpdate, parse_commit
from gitreceive.points import point
from gitreceive.repositories import read_ref
from gitreceive.slugs.retention import Keeper

BRANCHES = ('refs/heads/main', 'refs/heads/master')
"""The deploy branch is the first of these that is pushed."""

REF = re.compile(r'refs/(heads|tags)/[0-9A-Za-z][0-9A-Za-z._/+@-]{0,199}')
"""git itself takes ``$(id)`` and ``;reboot`` as branch names (git-check-ref-format(1))."""

OPTIONS = ('detach', 'force', 'nocache', 'plan')
"""The push options there are: return once the push is journaled; build the deploy branch although the push does not
move it; build without cached layers; tell the plan and build nothing."""

SHOWN_REFS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class PushRequest:
    """What a hook hands over: the refs of one push to one app, who pushed, and the push options."""

    app: AppName
    actor: Actor
    options: frozenset[str]
    updates: tuple[RefUpdate, ...]


def parse_push_request(fields: Sequence[str]) -> PushRequest:
    """``app, name, key, number of options, options..., "old new ref"...``. Raises BadCommand."""
    try:
        app, name, key, count, *rest = fields
        options, lines = rest[: int(count)], rest[int(count) :]
        updates = tuple(
            RefUpdate(old=parse_commit(old), new=parse_commit(new), ref=ref)
            for old, new, ref in (line.split(' ', 2) for line in lines)
        )
    except ValueError as error:
        raise BadCommand(f'a hook sent what is not understood: {error}') from error
    return PushRequest(
        app=parse_app_name(app),
        actor=Actor(name=name, key=key),
        options=frozenset(options),
        updates=updates,
    )


def refusal(
    arrival: PushRequest, deploy_branch: str | None, keeper: Keeper, settings: Settings
) -> str | None:
    """Why this push cannot be taken, before any ref moves; None if it can."""
    for option in sorted(arrival.options):
        if option not in OPTIONS:
            return f'unknown push option {option[:40]!r}; there are: {", ".join(OPTIONS)}'
    for update in arrival.updates[:SHOWN_REFS]:
        if not REF.fullmatch(update.ref):
            return (
                f'{update.ref[:80]!r} is not taken: branches and tags of letters, digits and . _ / + @ - only'
            )
    for update in arrival.updates:
        if update.deletes and update.ref == deploy_branch:
            return (
                f'{update.ref.removeprefix("refs/heads/")} is what {arrival.app} is deployed from and cannot be deleted; '
                'push another commit to it instead'
            )
        if not REF.fullmatch(update.ref):
            return 'a ref of this push has a name that is not taken'
    return _no_room(keeper, settings)


def _no_room(keeper: Keeper, settings: Settings) -> str | None:
    home, limits = keeper.home, settings.limits
    for path in {home.repos, home.root}:
        if not path.exists():
            continue
        found = os.statvfs(path)
        free = found.f_bavail * found.f_frsize
        if free < limits.free_bytes:
            return (
                f'the host has {free / 1e6:,.0f} MB free at {path}, and {limits.free_bytes / 1e6:,.0f} MB are needed; '
                f'ask its sysadmin to make room ({remedy(keeper.freeable)})'
            )
        if found.f_files and found.f_favail < limits.free_inodes:
            return f'the host has {found.f_favail:,} inodes free at {path}, and {limits.free_inodes:,} are needed'
    return None


class Intake:
    """Journals what was pushed, and tells the pusher what becomes of it."""

    def __init__(self, journal: Journal, queue: Queue, positions: Positions, home: Home) -> None:
        self._journal, self._queue, self._positions, self._home = journal, queue, positions, home

    def receive(self, arrival: PushRequest) -> tuple[list[str], Operation | None]:
        """Journals a build for the deploy branch, if it is among the refs; the lines for the others."""
        point('push.received')
        branch = self._deploy_branch(arrival)
        build = None
        lines: list[str] = []
        for update in arrival.updates:
            if update.ref == branch and not update.deletes:
                deploy = Deploy(update=update, options=arrival.options)
                build = self.enqueue(arrival.app, deploy, arrival.actor)
            elif not update.deletes:
                lines.append(_how_to_deploy(update, branch))
        if build is None and branch and 'force' in arrival.options:
            build = self._again(arrival, branch)
        if len(lines) > SHOWN_REFS:
            lines = [*lines[:SHOWN_REFS], f'       ... and {len(lines) - SHOWN_REFS} more refs\n']
        return lines, build

    def _again(self, arrival: PushRequest, branch: str) -> Operation | None:
        """Builds what the deploy branch names; git does not even ask the receiver when nothing at all is pushed."""
        commit = read_ref(self._home.repo(arrival.app), branch)
        if commit == NO_COMMIT:
            return None
        return self.enqueue(arrival.app, redeploy(commit, branch, arrival.options), arrival.actor)

    def enqueue(self, app: AppName, request: OperationRequest, actor: Actor) -> Operation:
        """Journals one operation and writes its position in the queue into its log."""
        operation = self._queue.submit(app, request, actor)
        point('push.journaled')
        self._positions.tell()
        return operation

    def _deploy_branch(self, arrival: PushRequest) -> str | None:
        known = self._journal.apps.deploy_branch(arrival.app)
        if known:
            return known
        pushed = {update.ref for update in arrival.updates if not update.deletes}
        branch = next((name for name in BRANCHES if name in pushed), None)
        if branch:
            self._journal.apps.add(arrival.app, branch)
        return branch


def _how_to_deploy(update: RefUpdate, branch: str | None) -> str:
    kind, name = update.ref.split('/', 2)[1:]
    target = (branch or BRANCHES[0]).removeprefix('refs/heads/')
    source = f'{name}^{{commit}}' if kind == 'tags' else name
    what = 'tag' if kind == 'tags' else 'branch'
    return (
        f'       The {what} {name} is stored, not deployed. To deploy it: git push REMOTE {source}:{target}\n'
    )
