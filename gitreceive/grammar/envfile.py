"""Reads a ``.env`` file: the config vars of an app on a developer's machine."""

import io
import re
from collections.abc import Mapping
from pathlib import Path

from dotenv.parser import Binding, parse_stream

from gitreceive.model.errors import SettingsError

NAME = re.compile('[A-Za-z_][A-Za-z0-9_]*')
LIMIT = 1_000_000
LONGEST = 131_071
"""Bytes of ``NAME=value`` that Linux starts a program with (MAX_ARG_STRLEN, less the zero byte; execve(2))."""


def read_env_file(path: Path) -> Mapping[str, str]:
    """The variables of the file, in its order; empty if there is no file.

    ``NAME=value`` as python-dotenv reads it: quotes, blanks around ``=``, ``export``, comments, values of several
    lines between quotes. ``$`` stands for itself, as in a config var. Raises SettingsError that names the line.
    """
    try:
        with path.open('rb') as file:
            content = file.read(LIMIT + 1)
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise SettingsError(f'cannot read {path}: {error.strerror}') from error
    if len(content) > LIMIT:
        raise SettingsError(f'{path} has more than {LIMIT:,} bytes: keep only variables in it')
    try:
        return parse_env(content.decode('utf-8-sig'), str(path))
    except UnicodeDecodeError as error:
        raise SettingsError(f'{path} is not UTF-8: save it as UTF-8') from error


def parse_env(text: str, place: str) -> Mapping[str, str]:
    """The variables of a text; the last of a name counts. Pure. ``place`` is what an error calls it."""
    found: dict[str, str] = {}
    for binding in parse_stream(io.StringIO(text)):
        if binding.key is None and not binding.error:
            continue  # a comment or a blank line
        name, value = _checked(binding, place)
        found[name] = value
    return found


def _checked(binding: Binding, place: str) -> tuple[str, str]:
    name, value, text = binding.key, binding.value, binding.original.string
    line = binding.original.line + text[: len(text) - len(text.lstrip())].count('\n')
    if binding.error or name is None or value is None:
        raise SettingsError(
            f'{place}, line {line}: NAME=value is expected (a value of several lines in quotes)'
        )
    if not NAME.fullmatch(name):
        raise SettingsError(
            f'{place}, line {line}: {ascii(name[:60])} is not the name of a variable: use letters, digits and "_"'
        )
    if '\0' in value:
        raise SettingsError(
            f'{place}, line {line}: the value of {name} holds a zero byte, which no variable can'
        )
    if len(f'{name}={value}'.encode()) > LONGEST:
        raise SettingsError(
            f'{place}, line {line}: {name} is too long: a variable has at most {LONGEST:,} bytes with its name'
        )
    return name, value
