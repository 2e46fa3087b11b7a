"""The verbs of releases."""

from gitreceive.grammar.verb import Argument, Verb
from gitreceive.grammar.words import APP, DETACH, JSON, LIMIT

VERBS = (
    Verb(name='releases', summary='what was released', arguments=(APP,), options=(JSON, LIMIT)),
    Verb(
        name='rollback',
        summary='make an older release live again',
        arguments=(APP, Argument(name='version', shown='[vN]', required=False)),
        options=(DETACH,),
        changes=True,
        details='Its slug, with its config vars. Without vN: the release before the live one.',
    ),
)
