"""Apps: which there are, and how they come and go."""

from gitreceive.grammar.verb import Argument, Option, Verb
from gitreceive.grammar.words import APP, CONFIRM, DETACH, JSON

VERBS = (
    Verb(
        name='allow',
        summary='where slugs may hold what looks secret',
        arguments=(APP, Argument(name='paths', shown='[PATH ...]', required=False, many=True)),
        options=(Option(flag='--remove', value='PATH', many=True, meaning='take a path away again'), JSON),
        changes=True,
        details="Paths of an app's slugs, such as /app/src/test/key.pem. Without one it lists them.",
    ),
    Verb(name='apps', summary='the apps that you may reach', options=(JSON,)),
    Verb(name='apps create', summary='make an app before its first push', arguments=(APP,), changes=True),
    Verb(
        name='apps destroy',
        summary='remove an app, its repository, releases, slugs and config vars',
        arguments=(APP,),
        options=(CONFIRM, JSON),
        changes=True,
    ),
    Verb(name='apps info', summary='one app', arguments=(APP,), options=(JSON,)),
    Verb(
        name='apps lock',
        summary='let nothing of an app be changed, nor pushed to it',
        arguments=(APP,),
        options=(
            Option(flag='--message', short='-m', value='REASON', meaning='what everybody is told who tries'),
            JSON,
        ),
        changes=True,
    ),
    Verb(
        name='apps rename',
        summary='give an app another name',
        arguments=(APP, Argument(name='new', shown='NEW', kind='app')),
        options=(DETACH, JSON),
        changes=True,
        details='Its repository, releases, config vars, domains, keys and what runs have the new name then, or all of '
        'them the old one. Give your remote the new address: "git remote set-url".',
    ),
    Verb(
        name='apps unlock',
        summary='let an app be changed again',
        arguments=(APP,),
        options=(JSON,),
        changes=True,
    ),
    Verb(name='deploy-branch', summary='the branch that is deployed when it is pushed', arguments=(APP,)),
    Verb(
        name='deploy-branch set',
        summary='deploy another branch from now on',
        arguments=(APP, Argument(name='branch', shown='BRANCH')),
        changes=True,
        details='What is live stays live: the branch names its commit until something is pushed to it.',
    ),
)
