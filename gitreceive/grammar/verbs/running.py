"""What runs beside instances: commands in containers of their own."""

from gitreceive.grammar.verb import Argument, Option, Verb
from gitreceive.grammar.words import APP

VERBS = (
    Verb(
        name='run',
        summary='run a command in a container of the live release',
        arguments=(APP, Argument(name='command', shown='-- COMMAND ...', kind='command', many=True)),
        options=(
            Option(flag='--tty', meaning='with a terminal; "ssh -t" asks for one, too'),
            Option(flag='--no-tty', meaning='without a terminal: output as it is, byte for byte'),
            Option(flag='--size', value='ROWSxCOLUMNS', meaning="the terminal's, where nobody tells it"),
            Option(flag='--term', value='TYPE', meaning="the terminal's, where nobody tells it"),
        ),
        changes=True,
        details=(
            'The container has the slug and the config vars of the live release; it goes when the command ends, or you '
            'do. Standard input and output, signals and the exit status are those of the command, which is a line for '
            '"bash -c". Over SSH quote it once, for your own shell: \'echo "a  b" | wc -c\'.'
        ),
    ),
)
