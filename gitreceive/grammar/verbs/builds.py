"""Builds, their logs and plans."""

from gitreceive.grammar.verb import Argument, Option, Verb
from gitreceive.grammar.words import APP, DETACH, JSON, LIMIT, MAYBE_APP

VERBS = (
    Verb(name='builds', summary='the newest builds', arguments=(MAYBE_APP,), options=(JSON, LIMIT)),
    Verb(name='cancel', summary='stop what builds or waits', arguments=(APP,), changes=True),
    Verb(
        name='plan',
        summary='what a build would do, of what was pushed',
        arguments=(APP, Argument(name='ref', shown='[REF]', required=False)),
        options=(JSON,),
        details='REF is a branch, tag or commit that was pushed; without it: the deploy branch. Builds nothing.',
    ),
    Verb(
        name='rebuild',
        summary='build what is live again',
        arguments=(APP,),
        options=(Option(flag='--nocache', meaning='without cached layers'), DETACH),
        changes=True,
    ),
)
