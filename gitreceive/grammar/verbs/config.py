"""The verbs of config vars."""

from gitreceive.grammar.verb import Argument, Option, Verb
from gitreceive.grammar.words import APP, DETACH, FILE, JSON, NO_RESTART, PAIRS, QUOTING, REVEAL

VERBS = (
    Verb(
        name='config',
        summary='list config vars, or set some',
        arguments=(APP, Argument(name='pairs', shown='[NAME[=VALUE] ...]', required=False, many=True)),
        options=(
            Option(flag='--unset', value='NAME', many=True, meaning='remove a config var'),
            FILE,
            NO_RESTART,
            REVEAL,
            JSON,
        ),
        changes=True,
        details=f'NAME alone prints the value. {QUOTING}',
    ),
    Verb(
        name='config get',
        summary='print the value of a config var',
        arguments=(APP, Argument(name='name', shown='NAME')),
        options=(JSON,),
    ),
    Verb(
        name='config set',
        summary='set config vars, and restart with them',
        arguments=(APP, PAIRS),
        options=(FILE, NO_RESTART, DETACH, JSON),
        changes=True,
        details=f'A change makes a release of what is live, which takes its place when it is healthy. {QUOTING}',
    ),
    Verb(
        name='config unset',
        summary='remove config vars, and restart without them',
        arguments=(APP, Argument(name='names', shown='NAME ...', many=True)),
        options=(NO_RESTART, DETACH, JSON),
        changes=True,
    ),
)
