"""The verbs at the daemon's edge: which use case answers which verb, and how its value is shown.

A module for each noun has a function for each of its verbs, and ``ANSWERS``.
"""

import logging
from collections.abc import Sequence

from gitreceive.daemon.socket import Answering
from gitreceive.daemon.verbs import (
    apps,
    builds,
    certificates,
    config,
    logs,
    processes,
    receiver,
    releases,
    routing,
    running,
    stacks,
)
from gitreceive.daemon.verbs.parts import Answers, Asking, Parts
from gitreceive.grammar.parsing import parse
from gitreceive.grammar.wire import End
from gitreceive.model.access import Actor

log = logging.getLogger(__name__)

NOUNS = (apps, builds, certificates, config, logs, processes, receiver, releases, routing, running, stacks)

ANSWERS: Answers = {name: answer for noun in NOUNS for name, answer in noun.ANSWERS.items()}


def answer_verb(parts: Parts, actor: Actor, words: Sequence[str], asking: Asking) -> Answering:
    """Parses and carries out one command. Raises BadCommand and what the use case raises."""
    invocation = parse(words)
    if invocation.verb.changes:
        log.info('%s: %s %s', actor.name, invocation.verb.name, invocation.maybe_app or '')
    answer = ANSWERS[invocation.verb.name](parts, actor, invocation, asking)
    if not isinstance(answer, str):
        return (yield from answer)
    yield answer.encode()
    return End(0)
