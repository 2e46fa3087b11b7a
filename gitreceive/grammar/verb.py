"""A verb as data: its words, its options, and what is said of it."""

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
