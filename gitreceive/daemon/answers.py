"""The requests of the hooks, the door and the commands on the host, and what is answered to each."""

from collections.abc import Callable, Generator, Mapping, Sequence

from gitreceive.access.book import AccessBook, may
from gitreceive.daemon.intake import PushRequest, parse_push_request, refusal
from gitreceive.daemon.log import shown
from gitreceive.daemon.plans import forget_plans, note_plan, only_plan
from gitreceive.daemon.services import Services
from gitreceive.daemon.verbs import Asker, Request, answer, followed
from gitreceive.model.errors import AccessDenied, BadCommand, GitReceiveError, StateError
from gitreceive.model.push import Pusher
from gitreceive.repositories import move_ref

Answering = Generator[bytes, None, str]


def respond(fields: Sequence[str], services: Services, trusted: bool) -> Answering:
    """Carries out one request. ``trusted``: the asker is the sysadmin's or the builder's own user, and needs no key.

    Yields text and returns the status; errors become text here, so that the asker always gets an answer.
    """
    try:
        handler = REQUESTS.get(fields[0])
        if handler is None:
            raise BadCommand(f'{fields[0][:40]!r} is not a request')
        return (yield from handler(fields[1:], services, trusted))
    except GitReceiveError as error:
        yield ''.join(shown(' !     ', str(error))).encode()
        return str(error.exit_code if trusted and _on_the_host(fields) else 1)


def _on_the_host(fields: Sequence[str]) -> bool:
    """Whether a verb was given on the host: over SSH somebody's key comes with it."""
    return fields[0] == 'verb' and fields[2:3] == ['']


def _update(fields: Sequence[str], services: Services, trusted: bool) -> Answering:
    arrival = parse_push_request(fields)
    _check_key(arrival, services, trusted)
    why = refusal(arrival, services.history.deploy_branch(arrival.app), services.keeper, services.settings)
    if why is None:
        note = note_plan if 'plan' in arrival.options else forget_plans
        note(arrival, services.home)
        return '0'
    yield ''.join(shown(' !     ', why)).encode()
    return '1'


def _push(fields: Sequence[str], services: Services, trusted: bool) -> Answering:
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


def _follow(fields: Sequence[str], services: Services, trusted: bool) -> Answering:
    number, offset = fields
    return str((yield from followed(services, int(number), int(offset))))


def _verb(fields: Sequence[str], services: Services, trusted: bool) -> Answering:
    name, key, apps, *words = fields
    reach = None if apps == '*' else frozenset(apps.split(','))
    request = Request(services=services, asker=Asker(pusher=Pusher(name=name, key=key), apps=reach))
    return str((yield from answer(words, request)))


def _check_key(arrival: PushRequest, services: Services, trusted: bool) -> None:
    """Looks the key up again right before the refs move: it may have been removed since it logged in."""
    if not arrival.pusher.key and trusted:
        return
    grants = AccessBook(services.home.access_db).list()
    if not any(grant.fingerprint == arrival.pusher.key and may(grant, arrival.app) for grant in grants):
        raise AccessDenied('this key may not push here any more; ask the sysadmin of this receiver')


REQUESTS: Mapping[str, Callable[[Sequence[str], Services, bool], Answering]] = {
    'update': _update,
    'push': _push,
    'follow': _follow,
    'verb': _verb,
}
