"""Stacks: which ones there are, and which one an app is built on."""

from gitreceive.grammar.verb import Argument, Verb
from gitreceive.grammar.words import APP, JSON

VERBS = (
    Verb(
        name='stack',
        summary='the stacks, and which one an app is built on',
        arguments=(APP,),
        options=(JSON,),
    ),
    Verb(
        name='stack set',
        summary='build an app on another stack from its next push on',
        arguments=(APP, Argument(name='stack', shown='STACK')),
        changes=True,
        details='What is live stays as it is. "stack" in app.json says the same, and wins.',
    ),
)
