"""Arguments and options that several verbs have."""

from gitreceive.grammar.verb import Argument, Option

APP = Argument(name='app', shown='APP', kind='app')
MAYBE_APP = Argument(name='app', shown='[APP]', kind='app', required=False)
PAIRS = Argument(name='pairs', shown='[NAME=VALUE ...]', required=False, many=True)
JSON = Option(flag='--json', meaning='one JSON document, for machines')
LIMIT = Option(flag='--limit', value='N', meaning='how many (20)', numbers=(1, 1000), default=20)
DETACH = Option(flag='--detach', meaning='return once it is queued')
NO_RESTART = Option(flag='--no-restart', meaning='make no release: the next one has it')
REVEAL = Option(flag='--reveal', meaning='show values whole')
FILE = Option(flag='--file', value='FILE', meaning='set what a .env file says; "-" is standard input')
CONFIRM = Option(flag='--confirm', value='APP', meaning='the name of the app again')

QUOTING = (
    'A value with blanks or quotes needs quotes of its own that reach the receiver: \'NAME="a b"\'. Any value at all '
    'passes on standard input: "config set APP --file -" takes lines as in a .env file, "config set APP NAME -" one '
    'value (a newline at its end is dropped).'
)
