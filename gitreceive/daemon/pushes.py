"""What the hooks and the SSH server ask about a push, from its announcement to its end.

    announce APP KEY SESSION TOLD COUNT OPTIONS... UPDATES...   pre-receive: journals the operation before any ref moves
    push     APP KEY SESSION TOLD COUNT OPTIONS... UPDATES...   post-receive: goes on with it, and follows it to its end
    outcome  APP KEY SESSION      the SSH server, after hooks without a verdict: settles it by the refs, waits for its end
    inflight APP KEY              the SSH server, after a push that changed nothing: follows what works on that commit

SESSION is a word that the SSH server generates for each push; TOLD how many bytes of this answer the asker has already.
All of them may be asked again.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from gitreceive.access.book import AccessBook
from gitreceive.commands.access import refusal_of_locked
from gitreceive.commands.plan import Gone, Plans
from gitreceive.config.home import Home
from gitreceive.daemon.follow import Follower
from gitreceive.daemon.intake import Intake, PushRequest, parse_push_request
from gitreceive.daemon.log import warning
from gitreceive.daemon.plans import forget_plans, note_plan, only_plan, set_refs_back, undo_plan
from gitreceive.daemon.queue import Queue
from gitreceive.daemon.rename import renaming
from gitreceive.daemon.settle import settle_all, settle_session
from gitreceive.daemon.socket import Answering
from gitreceive.daemon.verdict import exit_status, told_cause
from gitreceive.grammar.wire import TEMPORARY, End, ErrorOutput
from gitreceive.journal import Journal
from gitreceive.model.access import Actor
from gitreceive.model.app import AppName, parse_app_name
from gitreceive.model.errors import AccessDenied, StateError
from gitreceive.model.operation import Deploy, Operation
from gitreceive.repositories import read_ref

PLANNED = 'planned, nothing was released'


@dataclass(frozen=True, slots=True, kw_only=True)
class Pushes:
    """Answers those requests. ``refuse`` says why a push to an app with that deploy branch cannot be taken."""

    journal: Journal
    queue: Queue
    intake: Intake
    plans: Plans
    follower: Follower
    home: Home
    refuse: Callable[[PushRequest, str | None], str | None]

    def announce(self, fields: Sequence[str], actor: Actor) -> Answering:
        """Refuses a push, or journals what it deploys; a success names the deploy branch in place of a cause."""
        request = _request(fields, actor)
        app, apps = request.app, self.journal.apps
        standing = '' if 'plan' in request.options else self._standing(app)
        why = standing or self.refuse(request, apps.deploy_branch(app))
        if why is not None:
            yield ErrorOutput(warning(why))
            return End(1, why)
        if 'plan' in request.options:
            note_plan(request, self.home)
            return End(0)
        forget_plans(request, self.home)
        return End(0, self.intake.announce(request) or '')

    def push(self, fields: Sequence[str], actor: Actor, gone: Gone) -> Answering:
        """Goes on with what was announced. Git has moved the refs: only what cannot be kept is refused from here on."""
        request = _request(fields, actor)
        if 'plan' in request.options:
            branch = self.journal.apps.deploy_branch(request.app)
            yield from only_plan(request, branch, self.plans, self.home, gone)
            return End(1, PLANNED)
        lines, operation = self._received(request)
        text = ''.join(lines).encode()
        if operation and 'detach' in request.options:
            text += f'-----> {operation.title} is queued; {_follows(operation)}\n'.encode()
        yield text[request.told :]
        if operation is None or 'detach' in request.options:
            return End(0)
        return (yield from self._followed(operation, max(0, request.told - len(text))))

    def outcome(self, fields: Sequence[str], actor: Actor) -> Answering:
        """Settles what a session announced, whose git has ended, and waits for the end; its log is not repeated."""
        app, _, session = _checked(fields[0], actor), *fields[1:3]
        if undo_plan(app, session, self.home):
            return End(1, PLANNED)
        operation = settle_session(app, session, self.journal, self.queue, self.home)
        if operation is None or 'detach' in operation.options:
            return End(0)
        yield f'       Waiting for the end of {operation.title.lower()}; {_follows(operation)}\n'.encode()
        for piece in self.follower.follow(operation.number):
            if isinstance(piece, Operation):
                yield self.follower.closing(piece)
                return _end(piece)
            yield b''
        return End(TEMPORARY)

    def inflight(self, fields: Sequence[str], actor: Actor) -> Answering:
        """Follows the deploy that works on what the deploy branch names; at once a success if there is none."""
        operation = next(self._deploys_of_branch(_checked(fields[0], actor)), None)
        if operation is None:
            return End(0)
        yield f'-----> {operation.title} works on this commit; following it\n'.encode()
        return (yield from self._followed(operation, 0))

    def _standing(self, app: AppName) -> str:
        """Why nothing may be pushed to the app, whatever it is; empty if it may."""
        if found := renaming(app, self.journal):
            return f'{found.source} is being renamed to {found.to}; push to {found.to} in a moment'
        return refusal_of_locked(app, self.journal.apps)

    def _received(self, request: PushRequest) -> tuple[list[str], Operation | None]:
        try:
            return self.intake.receive(request)
        except StateError:
            set_refs_back(request.app, request.updates, self.home)
            raise

    def _deploys_of_branch(self, app: AppName) -> Iterator[Operation]:
        settle_all(self.journal, self.queue, self.home)
        branch = self.journal.apps.deploy_branch(app)
        deploys = [each for each in self.journal.operations.active(app) if isinstance(each.request, Deploy)]
        if deploys and branch:
            commit = read_ref(self.home.repo(app), branch)
            yield from (each for each in deploys if each.commit == commit)

    def _followed(self, operation: Operation, offset: int) -> Answering:
        """The log from ``offset``, and the end. An asker whose daemon ends meanwhile asks the next one."""
        for piece in self.follower.follow(operation.number, offset):
            if isinstance(piece, Operation):
                return _end(piece)
            yield piece
        return End(TEMPORARY)


def actor_of(key: str, book: AccessBook, host: str) -> Actor:
    """Who acts, by the key's fingerprint: no name and no list of apps that is sent is trusted. Raises AccessDenied."""
    if not key and host:
        return Actor(name=host)
    grant = book.of_fingerprint(key)
    if grant is None:
        raise AccessDenied('this key is no longer registered here; ask the sysadmin of this receiver')
    return grant.actor


def _request(fields: Sequence[str], actor: Actor) -> PushRequest:
    request = parse_push_request(fields, actor)
    _checked(request.app, actor)
    return request


def _checked(app: str, actor: Actor) -> AppName:
    """The app, if the actor may push to it. Raises BadCommand or AccessDenied."""
    if not actor.reaches(parse_app_name(app)):
        raise AccessDenied('this key may no longer push here; ask the sysadmin of this receiver')
    return AppName(app)


def _follows(operation: Operation) -> str:
    return f'"logs {operation.app} --build {operation.number} -f" follows it'


def _end(operation: Operation) -> End:
    return End(exit_status(operation), told_cause(operation))
