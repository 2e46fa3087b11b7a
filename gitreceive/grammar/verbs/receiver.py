"""The receiver itself, and who asks."""

from gitreceive.grammar.verb import Argument, Verb
from gitreceive.grammar.words import JSON

VERBS = (
    Verb(
        name='help',
        summary='this list, or how one verb is used',
        arguments=(Argument(name='words', shown='[VERB]', required=False, many=True),),
    ),
    Verb(name='version', summary='the version of the receiver'),
    Verb(name='whoami', summary='who you are here, and what you may reach', options=(JSON,)),
)
