"""What the two hooks ask: may these refs be updated, and what happens now that they are."""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass

from gitreceive.build.room import remedy
from gitreceive.config.home import Home
from gitreceive.config.settings import Settings
from gitreceive.daemon.branches import first_branch, how_to_deploy, wrong_branch
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
from gitreceive.slugs.retention import Retention

REF = re.compile(r'refs/(heads|tags)/[^\0-\x20\x7f~^:?*\[\\]{1,250}')
"""What git takes (git-check-ref-format(1)); which of those names are kept, pre-receive decides ref by ref."""

OPTIONS = ('detach', 'force', 'nocache', 'plan')
"""The push options there are: return once the push is journaled; build the deploy branch although the push does not
move it; build without cached layers; tell the plan and build nothing."""

SHOWN_REFS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class PushRequest:
    """What a hook hands over: the refs of one push to one app, who pushed, and the push options.

    ``session`` is the SSH server's word for the push; ``told`` how many bytes of the answer the hook has already.
    """

    app: AppName
    actor: Actor
    session: str
    told: int
    options: frozenset[str]
    updates: tuple[RefUpdate, ...]


def parse_push_request(fields: Sequence[str], actor: Actor) -> PushRequest:
    """``app, key, session, told, number of options, options..., "old new ref"...``. Raises BadCommand."""
    try:
        app, _, session, told, count, *rest = fields
        options, lines = rest[: int(count)], rest[int(count) :]
        updates = tuple(
            RefUpdate(old=parse_commit(old), new=parse_commit(new), ref=ref)
            for old, new, ref in (line.split(' ', 2) for line in lines)
        )
        return PushRequest(
            app=parse_app_name(app),
            actor=actor,
            session=session,
            told=int(told),
            options=frozenset(options),
            updates=updates,
        )
    except ValueError as error:
        raise BadCommand(f'a hook sent what is not understood: {error}') from error


def refusal(
    request: PushRequest, deploy_branch: str | None, retention: Retention, settings: Settings
) -> str | None:
    """Why this push cannot be taken, before any ref moves; None if it can."""
    for option in sorted(request.options):
        if option not in OPTIONS:
            return f'unknown push option {option[:40]!r}; there are: {", ".join(OPTIONS)}'
    for update in request.updates:
        if not REF.fullmatch(update.ref):
            return f'invalid ref name: {update.ref[:80]!a}'
        if update.deletes and update.ref == deploy_branch:
            return (
                f'{update.ref.removeprefix("refs/heads/")} is what {request.app} is deployed from and cannot be deleted; '
                'push another commit to it instead'
            )
    if settings.apps.strict_branch and 'plan' not in request.options:
        why = wrong_branch(request.app, request.updates, deploy_branch)
        if why:
            return why
    return _no_room(retention, settings)


def _no_room(retention: Retention, settings: Settings) -> str | None:
    home, limits = retention.home, settings.limits
    for path in {home.repos, home.root}:
        if not path.exists():
            continue
        found = os.statvfs(path)
        free = found.f_bavail * found.f_frsize
        if free < limits.free_bytes:
            return (
                f'the host has {free / 1e6:,.0f} MB free at {path}, and {limits.free_bytes / 1e6:,.0f} MB are needed; '
                f'ask its sysadmin to make room ({remedy(retention.freeable)})'
            )
        if found.f_files and found.f_favail < limits.free_inodes:
            return f'the host has {found.f_favail:,} inodes free at {path}, and {limits.free_inodes:,} are needed'
    return None


class Intake:
    """Journals what was pushed, and tells the pusher what becomes of it."""

    def __init__(self, journal: Journal, queue: Queue, positions: Positions, home: Home) -> None:
        self._journal, self._queue, self._positions, self._home = journal, queue, positions, home

    def announce(self, request: PushRequest) -> str | None:
        """Journals what the push deploys, if it deploys anything; the ref, before git moves it."""
        branch = self._deploy_branch(request)
        update = next((each for each in request.updates if each.ref == branch and not each.deletes), None)
        if update is None:
            return None
        operations = self._journal.operations
        if not operations.of_session(request.app, request.session):
            deploy = Deploy(update=update, options=request.options)
            operations.announce(request.app, deploy, request.actor, request.session)
            point('push.announced')
        return branch

    def receive(self, request: PushRequest) -> tuple[list[str], Operation | None]:
        """Queues what was announced, now that git has moved it; the lines for the refs that are not deployed."""
        point('push.received')
        branch = self._deploy_branch(request)
        operation = None
        others = []
        for update in request.updates:
            if update.ref == branch and not update.deletes:
                operation = self._start(request, Deploy(update=update, options=request.options))
            elif not update.deletes:
                others.append(update)
        if operation is None:
            self._drop_announced(request)
        if operation is None and branch and 'force' in request.options:
            operation = self._again(request, branch)
        return self._stored(request.app, others, branch), operation

    def _stored(self, app: AppName, updates: Sequence[RefUpdate], branch: str | None) -> list[str]:
        repo = self._home.repo(app)
        lines = [how_to_deploy(update, read_ref(repo, update.new), branch) for update in updates[:SHOWN_REFS]]
        if len(updates) > SHOWN_REFS:
            lines.append(f'       ... and {len(updates) - SHOWN_REFS} more refs\n')
        return lines

    def _again(self, request: PushRequest, branch: str) -> Operation | None:
        """Builds what the deploy branch names; git does not even ask the receiver when nothing at all is pushed."""
        commit = read_ref(self._home.repo(request.app), branch)
        if commit == NO_COMMIT:
            return None
        return self._start(request, redeploy(commit, branch, request.options))

    def _start(self, request: PushRequest, deploy: Deploy) -> Operation:
        """What this session announced; if that was dropped meanwhile, or never journaled, a new one."""
        known = self._journal.operations.of_session(request.app, request.session)
        operation = self._queue.start(known.number) if known else None
        if operation is None:
            return self.enqueue(request.app, deploy, request.actor, request.session)
        point('push.journaled')
        self._positions.tell()
        return operation

    def _drop_announced(self, request: PushRequest) -> None:
        """What this session announced, if git has moved other refs and not that one: it no longer will."""
        known = self._journal.operations.of_session(request.app, request.session)
        if known:
            self._journal.operations.drop(known.number)

    def enqueue(self, app: AppName, request: OperationRequest, actor: Actor, session: str = '') -> Operation:
        """Journals one operation and writes its position in the queue into its log."""
        operation = self._queue.submit(app, request, actor, session=session)
        point('push.journaled')
        self._positions.tell()
        return operation

    def _deploy_branch(self, request: PushRequest) -> str | None:
        known = self._journal.apps.deploy_branch(request.app)
        if known:
            return known
        branch = first_branch(request.updates)
        if branch:
            self._journal.apps.add(request.app, branch, by=request.actor.name)
        return branch
