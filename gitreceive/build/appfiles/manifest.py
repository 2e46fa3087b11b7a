"""Reads what apps say about themselves: JSON, TOML and text that is not trusted, bounded, with errors that name the place."""

import json
import re
import tomllib
from collections.abc import Mapping

from gitreceive.build.ports import Source
from gitreceive.model.errors import DetectError, SourceError

LIMIT = 10_000_000
"""Bytes of a manifest that are read."""

CONFLICT = re.compile(r'^(<{7}|={7}|>{7})( |\r?$)', re.MULTILINE)

STRING = r'(?P<string>"(?:\\.|[^"\\\n])*+"?)'
COMMENT = re.compile(STRING + r'|//[^\n]*|/\*(?:[^*]|\*(?!/))*+(?:\*/)?')
LAST_COMMA = re.compile(STRING + r'|,(?=\s*+[]}])')
BLACK = re.compile(r'\S')
"""What JSON with comments has beside JSON. Nothing is looked at twice, also where something is not closed."""

PLAIN = re.compile(r'(?!-)(?!/)[A-Za-z0-9._+@/-]{1,250}', re.ASCII)

MAX_VALUES = 300_000
"""Of a JSON document: parsed, each takes up to 64 bytes more than its text. A lock file of 10 MB has about 250,000."""


def plain_path(path: str) -> bool:
    """Whether ``path`` is relative, stays in the tree, and is nothing else to a shell, a Dockerfile or a glob. Pure."""
    return bool(PLAIN.fullmatch(path)) and not {'..', '.', ''}.intersection(path.split('/'))


def read_manifest(source: Source, path: str) -> bytes:
    """The file's bytes. Raises DetectError if they are too many."""
    try:
        return source.read(path, LIMIT)
    except SourceError as error:
        raise DetectError(str(error)) from error


def read_text(source: Source, path: str) -> str:
    """The file as text: UTF-8, or UTF-16 with a byte order mark (as PowerShell writes it); never fails on bytes."""
    content = read_manifest(source, path)
    if content.startswith((b'\xff\xfe', b'\xfe\xff')):
        return content.decode('utf-16', 'replace')
    return content.decode('utf-8-sig', 'replace')


def read_json_object(source: Source, path: str) -> Mapping[str, object]:
    """The JSON object in a file. Raises DetectError with line, column and remedy if it is none."""
    return _json_object(path, _utf8(source, path))


def read_jsonc_object(source: Source, path: str) -> Mapping[str, object]:
    """As ``read_json_object``, of JSON with comments, and with commas before a closing bracket."""
    text = _utf8(source, path)
    for pattern in (COMMENT, LAST_COMMA):
        text = pattern.sub(lambda match: match['string'] or BLACK.sub(' ', match[0]), text)
    return _json_object(path, text)


def _utf8(source: Source, path: str) -> str:
    try:
        return read_manifest(source, path).decode('utf-8-sig')
    except UnicodeDecodeError as error:
        raise DetectError(f'{path} is not UTF-8 (byte {error.start}): save it as UTF-8') from error


def _json_object(path: str, text: str) -> Mapping[str, object]:
    if sum(map(text.count, '[{,')) > MAX_VALUES:
        raise DetectError(f'{path} holds more than {MAX_VALUES:,} values: that is no file to plan a build by')
    if not text.strip():
        raise DetectError(f'{path} is empty: it has to hold an object, {{}} at least')
    try:
        found = json.loads(text, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise DetectError(_broken(path, text, error)) from error
    except _NoNumberError as error:
        raise DetectError(
            f'{path} is not JSON: it has no {error}: correct it and commit the result'
        ) from error
    except (RecursionError, ValueError) as error:
        raise DetectError(
            f'{path} is not usable JSON (nested too deep, or a number too long): correct it'
        ) from error
    if not isinstance(found, dict):
        raise DetectError(
            f'{path} holds {_kind(found)}, not an object: it has to begin with {{ and end with }}'
        )
    return found


class _NoNumberError(ValueError):
    """NaN or Infinity, which Python's JSON has and no other."""


def _no_constant(name: str) -> object:
    raise _NoNumberError(name)


def read_toml(source: Source, path: str) -> Mapping[str, object]:
    """The TOML in a file. Raises DetectError with the place and a remedy if it is none."""
    try:
        text = read_manifest(source, path).decode('utf-8')
        return tomllib.loads(text)
    except UnicodeDecodeError as error:
        raise DetectError(f'{path} is not UTF-8 (byte {error.start}): save it as UTF-8') from error
    except tomllib.TOMLDecodeError as error:
        raise DetectError(
            conflict(path, text) or f'{path} is not TOML: {_short(error)}: correct it and commit the result'
        ) from error
    except (RecursionError, ValueError) as error:
        raise DetectError(
            f'{path} is not usable TOML (nested too deep, or a number too long): correct it'
        ) from error


def conflict(path: str, text: str) -> str:
    """What to say of a merge conflict marker in ``text``, the content of ``path``; empty if there is none."""
    marker = CONFLICT.search(text)
    if not marker:
        return ''
    line = text.count('\n', 0, marker.start()) + 1
    return f'{path} has a merge conflict marker (line {line}): resolve the conflict and commit the result'


def at(manifest: Mapping[str, object], *keys: str) -> object:
    """What stands below ``keys``, one in the other, or None if something of it is missing or no object."""
    found: object = manifest
    for key in keys:
        found = found.get(key) if isinstance(found, Mapping) else None
    return found


def table(manifest: Mapping[str, object], key: str, path: str) -> Mapping[str, str]:
    """The object of strings at ``key``, empty if it is not there. Raises DetectError for anything else."""
    found = manifest.get(key)
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise DetectError(f'"{key}" in {path} is {_kind(found)}, not an object: correct it or remove it')
    for name, value in found.items():
        if not isinstance(value, str):
            shown = ascii(name[:60])[1:-1]
            raise DetectError(
                f'"{key}.{shown}" in {path} is {_kind(value)}, not a string: write it in quotes'
            )
    return found


def _broken(path: str, text: str, error: json.JSONDecodeError) -> str:
    place = f'line {error.lineno}, column {error.colno}'
    return conflict(path, text) or (
        f'{path} is not JSON: {error.msg} ({place}): correct it and commit the result'
    )


def _short(error: Exception) -> str:
    """The library quotes what it found, of whatever length: its place, at the end, is kept."""
    said = ascii(str(error))[1:-1]
    return said if len(said) <= 160 else f'{said[:80]} ... {said[-60:]}'


def _kind(value: object) -> str:
    names = {dict: 'an object', list: 'an array', str: 'a string', bool: 'true or false', type(None): 'null'}
    return names.get(type(value), 'a number')
