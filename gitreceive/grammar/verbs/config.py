"""The verbs of config vars."""

from gitreceive.grammar.verb import Argument, Option, Verb
from gitreceive.grammar.words import APP, FILE, JSON, PAIRS, QUOTING, REVEAL

VERBS = (
    Verb(
        name='config',
        summary='list config vars, or set some',
        arguments=(APP, Argument(name='pairs', shown='[NAME[=VALUE] ...]', required=False, many=True)),
        options=(
            Option(flag='--unset', value='NAME', many=True, meaning='remove a config var'),
            FILE,
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
        summary='set config vars; they count from the next build on',
        arguments=(APP, PAIRS),
        options=(FILE,),
        changes=True,
        details=QUOTING,
    ),
    Verb(
        name='config unset',
        summary='remove config vars',
        arguments=(APP, Argument(name='names', shown='NAME ...', many=True)),
        changes=True,
    ),
)
