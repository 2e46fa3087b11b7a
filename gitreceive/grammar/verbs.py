"""What can be asked of a receiver: each verb as data, the same for the SSH server, the host and the daemon."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Argument:
    """A word by its place. One of ``kind`` ``app`` is the name of an app; ``many`` takes all that are left."""

    name: str
    shown: str
    kind: str = 'text'
    required: bool = True
    many: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """A word by its name. Without ``value`` it is a switch; ``numbers`` are the least and the most that it takes."""

    flag: str
    meaning: str
    short: str = ''
    value: str = ''
    many: bool = False
    numbers: tuple[int, int] | None = None
    default: int | None = None

    @property
    def name(self) -> str:
        """Under which a parsed command has its value."""
        return self.flag.removeprefix('--').replace('-', '_')


@dataclass(frozen=True, slots=True, kw_only=True)
class Verb:
    """Something to ask for. ``changes`` says whether it changes something."""

    name: str
    summary: str
    arguments: tuple[Argument, ...] = ()
    options: tuple[Option, ...] = ()
    changes: bool = False
    details: str = ''

    @property
    def short_usage(self) -> str:
        """Without options: ``config get APP NAME``."""
        return ' '.join([self.name, *(argument.shown for argument in self.arguments)])

    @property
    def usage(self) -> str:
        """As help shows it: ``config get APP NAME [--json]``."""
        return ' '.join([self.short_usage, *(f'[{_shown(option)}]' for option in self.options)])


def _shown(option: Option) -> str:
    name = option.short or option.flag
    return f'{name} {option.value}' if option.value else name


APP = Argument(name='app', shown='APP', kind='app')
MAYBE_APP = Argument(name='app', shown='[APP]', kind='app', required=False)
PAIRS = Argument(name='pairs', shown='[NAME=VALUE ...]', required=False, many=True)
JSON = Option(flag='--json', meaning='one JSON document, for machines')
LIMIT = Option(flag='--limit', value='N', meaning='how many (20)', numbers=(1, 1000), default=20)
DETACH = Option(flag='--detach', meaning='return once it is queued')
REVEAL = Option(flag='--reveal', meaning='show values whole')
FILE = Option(flag='--file', value='FILE', meaning='set what a .env file says; "-" is standard input')
CONFIRM = Option(flag='--confirm', value='APP', meaning='the name of the app again')

QUOTING = (
    'A value with blanks or quotes needs quotes of its own that reach the receiver: \'NAME="a b"\'. Any value at all '
    'passes on standard input: "config set APP --file -" takes lines as in a .env file, "config set APP NAME -" one '
    'value (a newline at its end is dropped).'
)

ALL = (
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
        options=(CONFIRM,),
        changes=True,
    ),
    Verb(name='apps info', summary='one app', arguments=(APP,), options=(JSON,)),
    Verb(name='builds', summary='the newest builds', arguments=(MAYBE_APP,), options=(JSON, LIMIT)),
    Verb(name='cancel', summary='stop what builds or waits', arguments=(APP,), changes=True),
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
    Verb(name='deploy-branch', summary='the branch that is deployed when it is pushed', arguments=(APP,)),
    Verb(
        name='deploy-branch set',
        summary='deploy another branch from now on',
        arguments=(APP, Argument(name='branch', shown='BRANCH')),
        changes=True,
        details='What is live stays live: the branch names its commit until something is pushed to it.',
    ),
    Verb(
        name='help',
        summary='this list, or how one verb is used',
        arguments=(Argument(name='words', shown='[VERB]', required=False, many=True),),
    ),
    Verb(
        name='logs',
        summary='the log of a build',
        arguments=(APP,),
        options=(
            Option(flag='--build', value='N', meaning='of that build, not the newest', numbers=(1, 2**53)),
            Option(flag='--follow', short='-f', meaning='follow it to its end'),
        ),
    ),
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
    Verb(name='releases', summary='what was released', arguments=(APP,), options=(JSON, LIMIT)),
    Verb(
        name='rollback',
        summary='make an older release live again',
        arguments=(APP, Argument(name='version', shown='[vN]', required=False)),
        options=(DETACH,),
        changes=True,
        details='Its slug, with its config vars. Without vN: the release before the live one.',
    ),
    Verb(name='version', summary='the version of the receiver'),
    Verb(name='whoami', summary='who you are here, and what you may reach', options=(JSON,)),
)

VERBS: Mapping[str, Verb] = {verb.name: verb for verb in ALL}
"""By name."""

WORDS = tuple(sorted({name.partition(' ')[0] for name in VERBS}))
"""The first words of them."""
