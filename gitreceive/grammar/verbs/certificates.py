"""Certificates of host names."""

from gitreceive.grammar.verb import Option, Verb
from gitreceive.grammar.words import APP, JSON

VERBS = (
    Verb(
        name='certs',
        summary='which certificates the names of an app are served with',
        arguments=(APP,),
        options=(JSON,),
    ),
    Verb(
        name='certs add',
        summary='serve an app with a certificate of your own',
        arguments=(APP,),
        options=(
            Option(
                flag='--file',
                value='FILE',
                meaning='certificate, chain and key as PEM; "-" is standard input',
            ),
            JSON,
        ),
        changes=True,
        details='It takes the place of one that was added before, and is yours to renew.',
    ),
    Verb(
        name='certs ca',
        summary="the certificate of the receiver's own authority, for clients that are to trust it",
        options=(JSON,),
    ),
    Verb(
        name='certs remove',
        summary='serve an app without the certificate that was added',
        arguments=(APP,),
        options=(JSON,),
        changes=True,
    ),
)
