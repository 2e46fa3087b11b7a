"""What an asker with a terminal adds to a verb that runs a command. Pure."""

from gitreceive.grammar.commandline import APART
from gitreceive.grammar.parsing import Invocation
from gitreceive.model.errors import BadCommand
from gitreceive.model.terminal import DEFAULT, UNKNOWN, Terminal, parse_window, terminal_type


def wanted_terminal(asked: Invocation, calling: Terminal | None = None) -> Terminal | None:
    """The terminal that the command is to have, if any; ``calling`` is the asker's own. Raises BadCommand."""
    size, kind = asked.text('size'), asked.text('term')
    if asked.switch('no_tty'):
        if asked.switch('tty') or size:
            raise BadCommand('run: --no-tty goes with neither --tty nor --size')
        return None
    if not (asked.switch('tty') or size or calling):
        return None
    try:
        window = parse_window(size) if size else calling.window if calling else DEFAULT
    except ValueError as error:
        raise BadCommand(f'run: --size {error}') from error
    return Terminal(terminal_type(kind or (calling.type if calling else UNKNOWN)), window)


def attached_words(asked: Invocation, terminal: Terminal | None) -> tuple[str, ...]:
    """The verb's words as the daemon takes them: what the terminal is stands in them."""
    told = ['--no-tty']
    if terminal:
        told = ['--tty', f'--size={terminal.window}', f'--term={terminal.type}']
    return (*asked.verb.name.split(), asked.app, *told, APART, *asked.texts('command'))
