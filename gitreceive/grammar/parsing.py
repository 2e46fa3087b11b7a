"""Words to a command: which verb, with which arguments and options. What is refused never repeats a value."""

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import click

from gitreceive.grammar.commandline import with_one_line
from gitreceive.grammar.verb import Argument, Option, Verb
from gitreceive.grammar.verbs import VERBS, WORDS
from gitreceive.model.app import AppName, parse_app_name
from gitreceive.model.errors import BadCommand

HELP = ('--help', '-h')
MAX_WORDS = 1000


@dataclass(frozen=True, slots=True)
class Invocation:
    """A verb with its values, by the names of its arguments and options."""

    verb: Verb
    values: Mapping[str, Any]

    @property
    def app(self) -> AppName:
        """The app that it is about. Only for verbs that have to name one."""
        return AppName(self.values['app'])

    @property
    def maybe_app(self) -> AppName | None:
        """The app that it is about, if it names one."""
        app = self.values.get('app')
        return None if app is None else AppName(app)

    @property
    def wants_input(self) -> bool:
        """Whether it takes something from standard input, or from a file in its place."""
        if self.verb.ends_in_command:
            return True
        return self.values.get('file') is not None or '-' in self.values.get('pairs', ())

    def switch(self, name: str) -> bool:
        """Whether an option without a value is there."""
        return bool(self.values[name])

    def text(self, name: str) -> str | None:
        """An argument or an option's value, or None."""
        value = self.values[name]
        return None if value is None else str(value)

    def number(self, name: str) -> int | None:
        """A number, or None."""
        value = self.values[name]
        return None if value is None else int(value)

    def texts(self, name: str) -> tuple[str, ...]:
        """What may be there many times."""
        return tuple(self.values[name])


def parse(words: Sequence[str]) -> Invocation:
    """The command that ``words`` are. ``VERB --help`` is ``help VERB``. Raises BadCommand with what to do."""
    if not words or words[0] in HELP:
        return Invocation(VERBS['help'], {'words': ()})
    verb, rest = _find(words)
    if verb.ends_in_command:
        rest = with_one_line(verb, rest)
    if _asks_for_help(rest):
        return Invocation(VERBS['help'], {'words': tuple(verb.name.split())})
    if len(rest) > MAX_WORDS:
        raise BadCommand(f'{verb.name}: over {MAX_WORDS} words; "config set APP --file -" takes many at once')
    return Invocation(verb, _values(verb, rest))


def unknown(word: str) -> BadCommand:
    """The refusal of a word that is no verb, with the verb that it almost is."""
    shown = ascii(word[:40])
    almost = difflib.get_close_matches(word.lower()[:40], WORDS, 1)
    hint = f'did you mean "{almost[0]}"?' if almost else '"help" lists them'
    return BadCommand(f'{shown} is not a verb here; {hint}')


def _find(words: Sequence[str]) -> tuple[Verb, Sequence[str]]:
    first = words[0]
    both = VERBS.get(f'{first} {words[1]}') if len(words) > 1 else None
    if both:
        return both, words[2:]
    if first not in VERBS:
        raise unknown(first)
    return VERBS[first], words[1:]


def _asks_for_help(words: Sequence[str]) -> bool:
    before = words[: words.index('--')] if '--' in words else words
    return any(word in HELP for word in before)


def _values(verb: Verb, words: Sequence[str]) -> Mapping[str, Any]:
    command = click.Command(verb.name, params=_parameters(verb), add_help_option=False)
    try:
        values = command.make_context(verb.name, list(words)).params
    except click.UsageError as error:
        raise BadCommand(f'{verb.name}: {_told(error)} Usage: {verb.usage}') from None
    for argument in verb.arguments:
        if argument.kind == 'app' and values[argument.name] is not None:
            parse_app_name(values[argument.name])
    return values


def _told(error: click.UsageError) -> str:
    """click's message, unless it would repeat a word that may be a value."""
    match error:
        case click.NoSuchOption():
            return f'there is no option {ascii(error.option_name.partition("=")[0][:40])}.'
        case click.MissingParameter():
            return f'{(error.param.human_readable_name if error.param else "something").upper()} is missing.'
        case click.BadParameter():
            return error.message
        case _:
            return 'too many words; a value with blanks needs quotes of its own.'


def _parameters(verb: Verb) -> list[click.Parameter]:
    return [*map(_argument, verb.arguments), *map(_option, verb.options)]


def _argument(argument: Argument) -> click.Parameter:
    return click.Argument([argument.name], required=argument.required, nargs=-1 if argument.many else 1)


def _option(option: Option) -> click.Parameter:
    names = [option.flag, option.name, *([option.short] if option.short else [])]
    if not option.value:
        return click.Option(names, is_flag=True)
    kind = click.IntRange(*option.numbers) if option.numbers else click.STRING
    return click.Option(names, type=kind, multiple=option.many, default=option.default)
