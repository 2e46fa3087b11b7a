"""The verbs that show what was printed."""

from gitreceive.grammar.verb import Option, Verb
from gitreceive.grammar.words import APP

VERBS = (
    Verb(
        name='logs',
        summary='what the processes of an app print, or the log of a build',
        arguments=(APP,),
        options=(
            Option(flag='--follow', short='-f', meaning='go on with what comes'),
            Option(
                flag='--process',
                value='NAME',
                many=True,
                meaning='of a process type or an instance: web, web.1',
            ),
            Option(flag='--since', value='TIME', meaning='from then on: 10m, 2h, 3d, 2026-01-31T13:00:00Z'),
            Option(flag='--lines', short='-n', value='N', meaning='the last N (100)', numbers=(0, 10_000)),
            Option(flag='--source', value='SOURCE', meaning='app, build (the newest), release, router'),
            Option(flag='--build', value='N', meaning='the log of build N', numbers=(1, 2**53)),
        ),
        details=(
            'Of all instances, by time; where nothing runs, the log of the newest build. "--source release" is the log '
            'of what made the live release, "router" the requests.'
        ),
    ),
)
