"""The requests of the hooks, the SSH server and the commands on the host, and what is answered to each."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from gitreceive.access.book import AccessBook
from gitreceive.daemon.halting import halt_all
from gitreceive.daemon.log import warning
from gitreceive.daemon.places import PUSHES, subject
from gitreceive.daemon.pushes import Pushes, actor_of
from gitreceive.daemon.socket import Answering
from gitreceive.daemon.verbs import answer_verb
from gitreceive.daemon.verbs.parts import Asking, Parts
from gitreceive.grammar.wire import End, ErrorOutput
from gitreceive.model.errors import BadCommand, GitReceiveError

REQUESTS = ('verb', 'halt', *PUSHES)
"""All that may be asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """Answers requests. Who asks is looked up in the access book by the key that the request names, each time.

    ``end_work`` ends what the daemon carries out.
    """

    book: AccessBook
    parts: Parts
    pushes: Pushes
    end_work: Callable[[], None] = lambda: None

    def respond(self, fields: Sequence[str], asking: Asking, host: str = '') -> Answering:
        """Carries out one request. ``host`` names the asker if it is root or the daemon's own user, who needs no key.

        Yields text and returns how it ended; errors become text here, so that the asker always gets an answer.
        """
        try:
            return (yield from self._respond(fields, asking, host))
        except GitReceiveError as error:
            yield ErrorOutput(warning(str(error)))
            return End(error.exit_code if host and _on_the_host(fields) else 1, str(error))

    def _respond(self, fields: Sequence[str], asking: Asking, host: str) -> Answering:
        name = fields[0]
        if name not in REQUESTS:
            raise BadCommand(f'{name[:40]!r} is not a request')
        actor = actor_of(subject(fields).key, self.book, host)
        if name == 'verb':
            return answer_verb(self.parts, actor, fields[2:], asking)
        if name == 'halt':
            return halt_all(actor, self.parts.receiver.running, self.end_work)
        if name == 'announce':
            return self.pushes.announce(fields[1:], actor)
        if name == 'push':
            return self.pushes.push(fields[1:], actor, asking.call_when_gone)
        answer = self.pushes.outcome if name == 'outcome' else self.pushes.inflight
        return answer(fields[1:], actor)


def _on_the_host(fields: Sequence[str]) -> bool:
    """Whether it was asked on the host: over SSH somebody's key comes with it."""
    return fields[0] in ('verb', 'halt') and tuple(fields[1:2]) == ('',)
