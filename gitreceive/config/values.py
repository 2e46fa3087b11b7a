"""One value of a setting: from what a file, a variable or an option holds to its type. Pure."""

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

NUMBER = re.compile('[0-9]{1,18}')
GROUPED = re.compile('[0-9]+(_[0-9]+)*')
"""As TOML writes numbers: ``500_000_000``."""

WORDS_OF_BOOL = {
    **dict.fromkeys(('true', '1', 'yes', 'on'), True),
    **dict.fromkeys(('false', '0', 'no', 'off'), False),
}


def text(value: object) -> str:
    """One line of text; a number is taken as it is written. Raises ValueError."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise ValueError('one text is expected')
    found = str(value).strip()
    if any(ord(letter) < 32 for letter in found):
        raise ValueError('one line of text is expected')
    return found


def number(value: object) -> int:
    """A whole number from 0 on, with at most 18 digits. Raises ValueError."""
    written = '' if isinstance(value, bool | float | list | dict) else str(value).strip()
    digits = written.replace('_', '') if GROUPED.fullmatch(written) else ''
    if not NUMBER.fullmatch(digits):
        raise ValueError(f'a whole number{" of at most 18 digits" if digits else ""} is expected')
    return int(digits)


def switch(value: object) -> bool:
    """``true`` or ``false``; also 1 and 0, yes and no, on and off. Raises ValueError."""
    found = WORDS_OF_BOOL.get(str(value).strip().lower())
    if found is None:
        raise ValueError('true or false is expected')
    return found


def path(value: object) -> Path:
    """A path, made absolute; ``~`` is the home directory. Raises ValueError."""
    written = value if isinstance(value, str) else ''
    if not written.strip() or '\0' in written:
        raise ValueError('a directory is expected')
    try:
        return Path(written).expanduser().absolute()
    except RuntimeError as error:
        raise ValueError('the home directory of that user is not known') from error


def words(value: object) -> tuple[str, ...]:
    """A list, each member as it is; a text is split at blanks. Raises ValueError."""
    return tuple(filter(None, map(text, _listed(value, None))))


def paths(value: object) -> tuple[Path, ...]:
    """A list of paths; a text is split at ``:`` as PATH is. Raises ValueError."""
    return tuple(path(one) for one in _listed(value, ':') if one)


CONVERT: Mapping[Any, Callable[[object], object]] = {
    str: text,
    int: number,
    bool: switch,
    Path: path,
    tuple[str, ...]: words,
    tuple[Path, ...]: paths,
}
"""By the type of the field."""


def as_text(value: object) -> str:
    """The value as a variable of the environment holds it; a list as JSON, so that its members stay whole."""
    if isinstance(value, tuple):
        return json.dumps([str(one) for one in value]) if value else ''
    return str(value)


def _listed(value: object, separator: str | None) -> list[object]:
    if isinstance(value, list):
        return value
    if not isinstance(value, str):
        raise ValueError('a list of texts is expected')
    if value.lstrip().startswith('['):
        return _from_json(value)
    return [one.strip() for one in value.split(separator)]


def _from_json(written: str) -> list[object]:
    try:
        found = json.loads(written)
    except (json.JSONDecodeError, RecursionError) as error:
        raise ValueError('a list of texts is expected: ["one", "two"]') from error
    assert isinstance(found, list)
    return found
