"""Reads a Procfile: which processes an app has, and what starts them."""

import re

from gitreceive.model.errors import DetectError
from gitreceive.model.process import ProcessType

LIMIT = 64 * 1024
"""Bytes; the longest Procfiles in public repositories have a few thousand."""

MOST = 100
LINE = re.compile(r'([A-Za-z0-9_-]{1,63})[ \t]*:[ \t]*(.+)', re.DOTALL)
CONFLICT = re.compile(r'(<<<<<<<|\|\|\|\|\|\|\||=======|>>>>>>>)( |$)')
CONTROL = re.compile('[\x00-\x08\x0a-\x1f\x7f]')


def parse_procfile(content: bytes) -> tuple[ProcessType, ...]:
    """The process types, in the file's order; empty if it has only comments and blank lines. Pure.

    ``name: command``, one a line; ``#`` and ``//`` comments, CRLF, a BOM and blanks around a line are accepted. Raises
    DetectError, with the line's number, for anything else: bytes that are not UTF-8, a name twice, a conflict marker.
    """
    found: dict[str, ProcessType] = {}
    for number, line in enumerate(_lines(content), start=1):
        if not line or line.startswith(('#', '//')):
            continue
        process = _process(line, number)
        if process.name in found:
            raise _error(number, f'"{process.name}" is there twice; keep one of them')
        found[process.name] = process
        if len(found) > MOST:
            raise _error(number, f'more than {MOST} process types; remove some')
    return tuple(found.values())


def _lines(content: bytes) -> list[str]:
    lines = []
    for number, line in enumerate(content.removeprefix(b'\xef\xbb\xbf').split(b'\n'), start=1):
        try:
            lines.append(line.decode().strip())
        except UnicodeDecodeError as error:
            raise _error(number, 'bytes that are not UTF-8; save the file as UTF-8') from error
    return lines


def _process(line: str, number: int) -> ProcessType:
    if CONFLICT.match(line):
        raise _error(number, 'a merge conflict marker; resolve the conflict and commit the result')
    match = LINE.fullmatch(line)
    if not match:
        raise _error(number, f'{ascii(line[:60])} is not "name: command" (names have a-z, A-Z, 0-9, _ and -)')
    if CONTROL.search(match[2]):
        raise _error(number, f'the command of "{match[1]}" holds a control character; remove it')
    return ProcessType(name=match[1], command=match[2])


def _error(number: int, text: str) -> DetectError:
    return DetectError(f'Procfile, line {number}: {text}')
