"""The terminal of somebody who runs a command: its type, and how large its window is."""

import re
from typing import NamedTuple

SIZE = re.compile('([0-9]{1,4})x([0-9]{1,4})', re.ASCII)
TYPE = re.compile(r'[A-Za-z0-9][A-Za-z0-9.+_-]{0,63}', re.ASCII)
"""What ``TERM`` may hold (term(7)); anything else could be a path to programs that read it."""

UNKNOWN = 'dumb'


class Window(NamedTuple):
    """Its size in characters, ``24x80`` in writing."""

    rows: int
    columns: int

    def __str__(self) -> str:
        return f'{self.rows}x{self.columns}'


DEFAULT = Window(24, 80)


class Terminal(NamedTuple):
    """Its type is what programs find in ``TERM``."""

    type: str = UNKNOWN
    window: Window = DEFAULT


def parse_window(text: str) -> Window:
    """``24x80``. Raises ValueError for what is none, or has no room."""
    found = SIZE.fullmatch(text)
    if not found or not int(found[1]) or not int(found[2]):
        raise ValueError(f'{text[:20]!a} is no size: ROWSxCOLUMNS is expected, for example 24x80')
    return Window(int(found[1]), int(found[2]))


def bounded_window(rows: int, columns: int) -> Window:
    """What a client says of its window; one that says nothing has 24 rows of 80 characters."""
    return Window(min(rows, 9999) or DEFAULT.rows, min(columns, 9999) or DEFAULT.columns)


def terminal_type(text: str) -> str:
    """``text`` if it can be the name of a terminal, else ``dumb``."""
    return text if TYPE.fullmatch(text) else UNKNOWN
