"""What the hooks and the SSH server ask about a push, from its announcement to its end.

    announce APP KEY SESSION TOLD COUNT OPTIONS... UPDATES...   pre-receive: journals the operation before any ref moves
    push     APP KEY SESSION TOLD COUNT OPTIONS... UPDATES...   post-receive: goes on with it, and follows it to its end
    outcome  APP KEY SESSION      the SSH server, after hooks without a verdict: settles it by the refs, waits for its end
    inflight APP KEY              the SSH server, after a push that changed nothing: follows what works on that commit

SESSION is a word that the SSH server makes up for each push; TOLD how many bytes of this answer the asker has already.
All of them may be asked again.
"""

from collections.abc import Iterator, Sequence

from gitreceive.access.book import AccessBook
from gitreceive.commands.plan import Gone
from gitreceive.daemon.follow import closing, follow
from gitreceive.daemon.intake import parse_push_request, refusal
from gitreceive.daemon.log import shown
from gitreceive.daemon.plans import forget_plans, note_plan, only_plan, undo_plan
from gitreceive.daemon.services import Services
from gitreceive.daemon.settle import settle_session
from gitreceive.daemon.socket import Answering
from gitreceive.daemon.verdict import exit_status, told_cause
from gitreceive.grammar.wire import TEMPORARY, End, ErrorOutput
from gitreceive.model.access import Actor
from gitreceive.model.app import AppName, parse_app_name
from gitreceive.model.errors import AccessDenied, StateError
from gitreceive.model.operation import Deploy, Operation
from gitreceive.repositories import move_ref, read_ref

PLANNED = 'planned, nothing was released'


def announce(fields: Sequence[str], services: Services, host: str) -> Answering:
    """Refuses a push, or journals what it deploys; a success names the deploy branch in place of a cause."""
    request = parse_push_request(fields, actor_of(fields[1], services, host))
    _check(request.actor, request.app)
    branch = services.journal.apps.deploy_branch(request.app)
    why = refusal(request, branch, services.retention, services.settings)
    if why is not None:
        yield ErrorOutput(''.join(shown(' !     ', why)).encode())
        return End(1, why)
    if 'plan' in request.options:
        note_plan(request, services.home)
        return End(0)
    forget_plans(request, services.home)
    return End(0, services.intake.announce(request) or '')


def push(fields: Sequence[str], services: Services, host: str, gone: Gone) -> Answering:
    """Goes on with what was announced. Git has moved the refs: from here on nothing is refused but what cannot be kept."""
    request = parse_push_request(fields, actor_of(fields[1], services, host))
    _check(request.actor, request.app)
    if 'plan' in request.options:
        status = yield from only_plan(request, services, gone)
        return End(int(status), PLANNED)
    try:
        lines, operation = services.intake.receive(request)
    except StateError:
        for update in request.updates:
            move_ref(services.home.repo(request.app), update.ref, new=update.old, expected=update.new)
        raise
    text = ''.join(lines).encode()
    if operation and 'detach' in request.options:
        text += f'-----> {operation.title} is queued; "logs {request.app} -f" follows it\n'.encode()
    yield text[request.told :]
    if operation is None or 'detach' in request.options:
        return End(0)
    return (yield from _followed(operation, max(0, request.told - len(text)), services))


def outcome(fields: Sequence[str], services: Services, host: str) -> Answering:
    """Settles what a session announced, whose git has ended, and waits for the end; its log is not repeated."""
    app, key, session = parse_app_name(fields[0]), fields[1], fields[2]
    _check(actor_of(key, services, host), app)
    if undo_plan(app, session, services.home):
        return End(1, PLANNED)
    operation = settle_session(app, session, services.journal, services.queue, services.home)
    if operation is None or 'detach' in operation.options:
        return End(0)
    yield f'       Waiting for the end of {operation.title.lower()}; "logs {app} -f" follows it\n'.encode()
    for piece in follow(operation.number, 0, services):
        if isinstance(piece, Operation):
            yield closing(piece, services)
            return _end(piece)
        yield b''
    return End(TEMPORARY)


def inflight(fields: Sequence[str], services: Services, host: str) -> Answering:
    """Follows the deploy that works on what the deploy branch names; at once a success if there is none."""
    app, key = parse_app_name(fields[0]), fields[1]
    _check(actor_of(key, services, host), app)
    operation = next(_deploys_of_branch(app, services), None)
    if operation is None:
        return End(0)
    yield f'-----> {operation.title} works on this commit; following it\n'.encode()
    return (yield from _followed(operation, 0, services))


def actor_of(key: str, services: Services, host: str) -> Actor:
    """Who acts, by the key's fingerprint: no name and no list of apps that is sent is trusted. Raises AccessDenied."""
    if not key and host:
        return Actor(name=host)
    grant = AccessBook(services.home.access_db).of_fingerprint(key)
    if grant is None:
        raise AccessDenied('this key is not registered here any more; ask the sysadmin of this receiver')
    return Actor(name=grant.name, key=key, apps=grant.apps)


def _check(actor: Actor, app: AppName) -> None:
    if not actor.reaches(app):
        raise AccessDenied('this key may not push here any more; ask the sysadmin of this receiver')


def _deploys_of_branch(app: AppName, services: Services) -> Iterator[Operation]:
    operations, branch = services.journal.operations, services.journal.apps.deploy_branch(app)
    found = [*operations.active(app), *operations.announced(app)]
    deploys = [each for each in found if isinstance(each.request, Deploy)]
    if deploys and branch:
        commit = read_ref(services.home.repo(app), branch)
        for each in deploys:
            started = services.queue.start(each.number) if each.commit == commit else None
            if started and not started.state.final:
                yield started


def _followed(operation: Operation, offset: int, services: Services) -> Answering:
    """The log from ``offset``, and the end. An asker whose daemon ends meanwhile asks the next one."""
    for piece in follow(operation.number, offset, services):
        if isinstance(piece, Operation):
            return _end(piece)
        yield piece
    return End(TEMPORARY)


def _end(operation: Operation) -> End:
    return End(exit_status(operation), told_cause(operation))
