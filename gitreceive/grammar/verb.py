"""A verb as data: its words, its options, and what is said of it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Argument:
    """A word by its place. One of ``kind`` ``app`` is the name of an app; ``many`` takes all that are left.

    One of ``kind`` ``command`` is the last, and a command of somebody else's.
    """

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
    def ends_in_command(self) -> bool:
        """Whether its last argument is a command, in which nothing is an option of the verb."""
        return bool(self.arguments) and self.arguments[-1].kind == 'command'

    @property
    def short_usage(self) -> str:
        """Without options: ``config get APP NAME``."""
        return ' '.join([self.name, *self._words])

    @property
    def usage(self) -> str:
        """As help shows it: ``config get APP NAME [--json]``."""
        arguments, options = self._words, [f'[{_shown(option)}]' for option in self.options]
        before = len(arguments) - self.ends_in_command
        return ' '.join([self.name, *arguments[:before], *options, *arguments[before:]])

    @property
    def _words(self) -> list[str]:
        return [argument.shown for argument in self.arguments]


def _shown(option: Option) -> str:
    name = option.short or option.flag
    return f'{name} {option.value}' if option.value else name
