"""The verbs of releases."""

from gitreceive.grammar.verb import Argument, Option, Verb
from gitreceive.grammar.words import APP, DETACH, JSON, LIMIT

VERBS = (
    Verb(
        name='promote',
        summary='release in an app what another one runs, without a build',
        arguments=(
            Argument(name='source', shown='FROM', kind='app'),
            Argument(name='app', shown='TO', kind='app'),
        ),
        options=(
            Option(flag='--release', value='vN', meaning='of FROM, not the live one'),
            DETACH,
            JSON,
        ),
        changes=True,
        details='The same slug, with the config vars of TO.',
    ),
    Verb(name='releases', summary='what was released', arguments=(APP,), options=(JSON, LIMIT)),
    Verb(
        name='releases show',
        summary='one release',
        arguments=(APP, Argument(name='version', shown='vN')),
        options=(JSON,),
    ),
    Verb(
        name='rollback',
        summary='make an older release live again',
        arguments=(APP, Argument(name='version', shown='[vN]', required=False)),
        options=(
            Option(flag='--code-only', meaning='with the config vars that are set now'),
            DETACH,
            JSON,
        ),
        changes=True,
        details='Its slug, with its config vars. Without vN: the release before the live one.',
    ),
)
