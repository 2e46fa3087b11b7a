"""What can be asked of a receiver: each verb as data, the same for the SSH server, the host and the daemon.

A module for each noun has its verbs in ``VERBS``; help lists all of them by name.
"""

from collections.abc import Mapping

from gitreceive.grammar.verb import Verb
from gitreceive.grammar.verbs import (
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

NOUNS = (apps, builds, certificates, config, logs, processes, receiver, releases, routing, running, stacks)

ALL = tuple(sorted((verb for noun in NOUNS for verb in noun.VERBS), key=lambda verb: verb.name))

VERBS: Mapping[str, Verb] = {verb.name: verb for verb in ALL}
"""By name."""

WORDS = tuple(sorted({name.partition(' ')[0] for name in VERBS}))
"""The first words of them."""
