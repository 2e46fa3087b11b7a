"""The requests of the hooks, the SSH server and the commands on the host, and what is answered to each."""

from collections.abc import Callable, Mapping, Sequence

from gitreceive.daemon.log import shown
from gitreceive.daemon.pushes import actor_of, announce, inflight, outcome, push
from gitreceive.daemon.services import Services
from gitreceive.daemon.socket import Answering
from gitreceive.daemon.verbs import Asking, Verbs
from gitreceive.grammar.wire import End, ErrorOutput
from gitreceive.model.errors import BadCommand, GitReceiveError


def respond(fields: Sequence[str], services: Services, asking: Asking, host: str = '') -> Answering:
    """Carries out one request. ``host`` names the asker if it is root or the daemon's own user, who needs no key.

    Yields text and returns how it ended; errors become text here, so that the asker always gets an answer.
    """
    try:
        if fields[0] == 'verb':
            actor = actor_of(''.join(fields[1:2]), services, host)
            return (yield from Verbs(services).answer(actor, fields[2:], asking))
        if fields[0] == 'push':
            return (yield from push(fields[1:], services, host, asking.call_when_gone))
        handler = OF_PUSHES.get(fields[0])
        if handler is None:
            raise BadCommand(f'{fields[0][:40]!r} is not a request')
        return (yield from handler(fields[1:], services, host))
    except GitReceiveError as error:
        yield ErrorOutput(''.join(shown(' !     ', str(error))).encode())
        return End(error.exit_code if host and _on_the_host(fields) else 1, str(error))


def _on_the_host(fields: Sequence[str]) -> bool:
    """Whether a verb was given on the host: over SSH somebody's key comes with it."""
    return tuple(fields[:2]) == ('verb', '')


OF_PUSHES: Mapping[str, Callable[[Sequence[str], Services, str], Answering]] = {
    'announce': announce,
    'outcome': outcome,
    'inflight': inflight,
}
