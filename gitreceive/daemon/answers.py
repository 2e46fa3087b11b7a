"""The requests of the hooks, the door and the commands on the host, and what is answered to each."""

from collections.abc import Callable, Mapping, Sequence

from gitreceive.access.book import AccessBook, may
from gitreceive.daemon.intake import PushRequest, parse_push_request, refusal
from gitreceive.daemon.log import shown
from gitreceive.daemon.plans import forget_plans, note_plan, only_plan
from gitreceive.daemon.services import Services
from gitreceive.daemon.socket import Answering
from gitreceive.daemon.verbs import Asking, Verbs
from gitreceive.grammar.wire import ErrorOutput
from gitreceive.model.access import Actor
from gitreceive.model.errors import AccessDenied, BadCommand, GitReceiveError, StateError
from gitreceive.repositories import move_ref


def respond(fields: Sequence[str], services: Services, asking: Asking, host: str = '') -> Answering:
    """Carries out one request. ``host`` names the asker if it is root or the daemon's own user, who needs no key.

    Yields text and returns the status; errors become text here, so that the asker always gets an answer.
    """
    try:
        handler = REQUESTS.get(fields[0])
        if handler is None:
            raise BadCommand(f'{fields[0][:40]!r} is not a request')
        return (yield from handler(fields[1:], services, asking, host))
    except GitReceiveError as error:
        yield ErrorOutput(''.join(shown(' !     ', str(error))).encode())
        return str(error.exit_code if host and _on_the_host(fields) else 1)


def _on_the_host(fields: Sequence[str]) -> bool:
    """Whether a verb was given on the host: over SSH somebody's key comes with it."""
    return fields[0] == 'verb' and fields[1:2] == ['']


def _update(fields: Sequence[str], services: Services, asking: Asking, host: str) -> Answering:
    arrival = parse_push_request(fields)
    _check_key(arrival, services, host)
    branch = services.journal.apps.deploy_branch(arrival.app)
    why = refusal(arrival, branch, services.keeper, services.settings)
    if why is None:
        note = note_plan if 'plan' in arrival.options else forget_plans
        note(arrival, services.home)
        return '0'
    yield ErrorOutput(''.join(shown(' !     ', why)).encode())
    return '1'


def _push(fields: Sequence[str], services: Services, asking: Asking, host: str) -> Answering:
    arrival = parse_push_request(fields)
    if 'plan' in arrival.options:
        return (yield from only_plan(arrival, services))
    try:
        lines, build = services.intake.receive(arrival)
    except StateError:
        for update in arrival.updates:
            move_ref(services.home.repo(arrival.app), update.ref, new=update.old, expected=update.new)
        raise
    yield ''.join(lines).encode()
    if build is None:
        return '0'
    if 'detach' in arrival.options:
        yield f'-----> Build {build.number} is queued; "logs {arrival.app} -f" follows it\n'.encode()
        return '0'
    return f'follow {build.number}'


def _follow(fields: Sequence[str], services: Services, asking: Asking, host: str) -> Answering:
    key, number, offset = fields
    build = services.journal.operations.get(int(number))
    if build is None or not _actor(key, services, host).reaches(build.app):
        raise AccessDenied('this key may not follow that build')
    return (yield from Verbs(services).followed(int(number), int(offset)))


def _verb(fields: Sequence[str], services: Services, asking: Asking, host: str) -> Answering:
    key, *words = fields
    return (yield from Verbs(services).answer(_actor(key, services, host), words, asking))


def _actor(key: str, services: Services, host: str) -> Actor:
    """Who acts, by the key's fingerprint: no name and no list of apps that is sent is trusted."""
    if not key and host:
        return Actor(name=host)
    grant = AccessBook(services.home.access_db).of_fingerprint(key)
    if grant is None:
        raise AccessDenied('no registered key was named; ask the sysadmin of this receiver')
    return Actor(name=grant.name, key=key, apps=grant.apps)


def _check_key(arrival: PushRequest, services: Services, host: str) -> None:
    """Looks the key up again right before the refs move: it may have been removed since it logged in."""
    if not arrival.actor.key and host:
        return
    grant = AccessBook(services.home.access_db).of_fingerprint(arrival.actor.key)
    if grant is None or not may(grant, arrival.app):
        raise AccessDenied('this key may not push here any more; ask the sysadmin of this receiver')


REQUESTS: Mapping[str, Callable[[Sequence[str], Services, Asking, str], Answering]] = {
    'update': _update,
    'push': _push,
    'follow': _follow,
    'verb': _verb,
}
