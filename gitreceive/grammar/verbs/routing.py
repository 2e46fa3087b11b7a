"""How requests reach apps: domains, maintenance, sessions."""

from gitreceive.grammar.verb import Argument, Verb
from gitreceive.grammar.words import APP, JSON

DOMAIN = Argument(name='domain', shown='DOMAIN')
SWITCH = Argument(name='switch', shown='[on|off]', required=False)

VERBS = (
    Verb(name='domains', summary='the names that lead to an app', arguments=(APP,), options=(JSON,)),
    Verb(
        name='domains add',
        summary='let a name lead to an app',
        arguments=(APP, DOMAIN),
        options=(JSON,),
        changes=True,
        details='A name belongs to one app. Letters of any script are taken as DNS has them (xn--...); no wildcards.',
    ),
    Verb(
        name='domains remove',
        summary='take a name away from an app',
        arguments=(APP, DOMAIN),
        options=(JSON,),
        changes=True,
    ),
    Verb(
        name='maintenance',
        summary='answer requests with a page that says that the app is being worked on',
        arguments=(APP, SWITCH),
        options=(JSON,),
        changes=True,
        details='Its instances run on. Without on or off it says how it is.',
    ),
    Verb(
        name='sessions',
        summary='let a client stay with the instance that answered it first',
        arguments=(APP, SWITCH),
        options=(JSON,),
        changes=True,
        details='By a cookie of the router, as long as that instance runs. Without on or off it says how it is.',
    ),
)
