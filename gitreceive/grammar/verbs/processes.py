"""Processes: which instances run, how many there are to be, and what each may use."""

from gitreceive.grammar.verb import Argument, Option, Verb
from gitreceive.grammar.words import APP, DETACH, JSON, MAYBE_APP

VERBS = (
    Verb(
        name='ps',
        summary='the instances of an app, or of all that you may reach',
        arguments=(MAYBE_APP,),
        options=(JSON,),
        details='Their state, since when it runs, how often it crashed, what it uses, and of which release it is.',
    ),
    Verb(
        name='ps limits',
        summary='change what each instance of a process type may use',
        arguments=(APP, Argument(name='process', shown='[TYPE]', required=False)),
        options=(
            Option(flag='--memory', value='SIZE', meaning='bytes, as 512M or 1G; "default" is the setting'),
            Option(flag='--cpus', value='N', meaning='cores, as 0.5; "default" is the setting'),
            DETACH,
            JSON,
        ),
        changes=True,
        details='The instances of that type are started again, one release and without losing a request. Without TYPE it '
        'lists the limits.',
    ),
    Verb(
        name='ps restart',
        summary='start new instances in the place of those that run',
        arguments=(APP, Argument(name='processes', shown='[TYPE|TYPE.N ...]', required=False, many=True)),
        options=(DETACH, JSON),
        changes=True,
        details='All of them, or those of a process type, or one: web.1.',
    ),
    Verb(
        name='ps scale',
        summary='change how many instances there are of a process type',
        arguments=(APP, Argument(name='counts', shown='[TYPE=N ...]', required=False, many=True)),
        options=(DETACH, JSON),
        changes=True,
        details='Without TYPE=N it lists the process types and how they are scaled.',
    ),
    Verb(
        name='ps start',
        summary='start what "ps stop" has stopped',
        arguments=(APP,),
        options=(DETACH, JSON),
        changes=True,
    ),
    Verb(
        name='ps stop',
        summary='stop all instances of an app, until "ps start"',
        arguments=(APP,),
        options=(DETACH, JSON),
        changes=True,
        details='A push is released as ever, and starts nothing.',
    ),
)
