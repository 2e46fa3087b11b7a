"""Lists of files that are left out: ``.slugignore`` and ``.dockerignore``, read so that no pattern takes long.

A pattern becomes a regular expression without any choice to come back to: what a ``*`` or ``**`` in its middle takes is
the shortest that fits, and is never reconsidered (atomic groups). So a name of n bytes costs no more than n times the
pattern's length, whatever stands in a list of the pushed code; and what all names cost together has a bound.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from gitreceive.model.errors import SourceError

LIMIT = 256 * 1024
"""Bytes of a list that are read."""

MOST = 2000
LONGEST = 1000
WORK = 40_000_000_000
"""Characters of a list's patterns times characters of the paths that are held against it; each takes about a nanosecond.

Two hundred usual patterns and a hundred thousand files come to a quarter of it.
"""

END = r'(?:/|\Z)'
ANY_FOLDERS = '(?:[^/]+/)*?'


@dataclass(frozen=True, slots=True, kw_only=True)
class IgnoreList:
    """What a list leaves out. ``runs``, last line first: whether the lines hide or show, and what they match.

    ``length`` is that of all patterns.
    """

    runs: tuple[tuple[bool, re.Pattern[str]], ...] = ()
    length: int = 0

    def hides(self, path: str) -> bool:
        """Whether ``path`` is left out, by itself or with a directory above it. A directory's path ends with ``/``."""
        for hides, pattern in self.runs:
            if pattern.match(path):
                return hides
        return False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    hides: bool
    expression: str
    length: int = 0


def parse_slugignore(content: bytes) -> IgnoreList:
    """A ``.slugignore``: the patterns of gitignore(5). ``!`` shows again, also below a directory that is left out.

    Pure. Raises SourceError, with the line's number.
    """
    return _parsed(content, '.slugignore', _git_line)


def parse_dockerignore(content: bytes) -> IgnoreList:
    """A ``.dockerignore``: patterns are seen from the root, the last one that matches wins, ``!`` shows again.

    https://docs.docker.com/build/concepts/context/#dockerignore-files. Pure. Raises SourceError, with the line's number.
    """
    return _parsed(content, '.dockerignore', _docker_line)


def bounded(ignored: IgnoreList, name: str, work: int = WORK) -> Callable[[str], bool]:
    """What ``ignored`` hides, until the paths asked for have cost ``work``: then SourceError, with the list's ``name``."""
    left = work

    def hides(path: str) -> bool:
        nonlocal left
        left -= ignored.length * len(path)
        if left < 0:
            raise SourceError(f'{name} has too many patterns for so many files: put some of them together')
        return ignored.hides(path)

    return hides


def glob_expression(pattern: str) -> re.Pattern[str]:
    """What ``Source.glob`` matches: whole paths, ``*`` within a directory."""
    return re.compile('/'.join(map(_segment, pattern.split('/'))) + r'\Z', re.DOTALL)


def _parsed(content: bytes, name: str, read: Callable[[str], _Line | None]) -> IgnoreList:
    lines: list[_Line] = []
    text = content.removeprefix(b'\xef\xbb\xbf').decode('utf-8', 'surrogateescape')
    for number, line in enumerate(text.split('\n'), start=1):
        try:
            if len(line) > LONGEST:
                raise ValueError(f'more than {LONGEST} characters')
            found = read(line)
            if found:
                re.compile(found.expression)
                lines.append(replace(found, length=len(line)))
        except (ValueError, re.error) as error:
            raise SourceError(
                f'{name}, line {number} is no pattern ({error}): correct or remove it'
            ) from error
        if len(lines) > MOST:
            raise SourceError(f'{name} has more than {MOST} patterns: put some of them together')
    return IgnoreList(runs=tuple(_runs(lines)), length=sum(line.length for line in lines))


def _runs(lines: Sequence[_Line]) -> Iterator[tuple[bool, re.Pattern[str]]]:
    """Neighbours of a kind as one expression, last first: most lists are then one match for a file."""
    run: list[str] = []
    for at in range(len(lines) - 1, -1, -1):
        run.append(lines[at].expression)
        if at == 0 or lines[at - 1].hides != lines[at].hides:
            yield lines[at].hides, re.compile('|'.join(run), re.DOTALL)
            run = []


def _git_line(line: str) -> _Line | None:
    text = line.strip()
    if not text or text.startswith('#'):
        return None
    hides = not text.startswith('!')
    text = text if hides else text[1:]
    only_folders = text.endswith('/') and not text.endswith('\\/')
    text = text.rstrip('/')
    segments = [part for part in text.split('/') if part]
    if '/' not in text:
        segments.insert(0, '**')
    return _Line(hides=hides, expression=_path(segments, '/' if only_folders else END)) if text else None


def _docker_line(line: str) -> _Line | None:
    text = line.strip()
    if not text or line.startswith('#'):
        return None
    hides = not text.startswith('!')
    segments: list[str] = []
    for part in (text if hides else text[1:].strip()).split('/'):
        if part == '..':
            segments[-1:] = []
        elif part not in ('', '.'):
            segments += ['**', part[1:]] if re.match(r'\*\*[^*]', part) else [part]
    return _Line(hides=hides, expression=_path(segments or ['**'], END))


def _path(segments: Sequence[str], end: str) -> str:
    """The expression of a whole pattern; ``**`` as a segment stands for any number of directories."""
    *first, last = _between_double_stars(segments)
    groups = ''.join(f'(?>{ANY_FOLDERS}{"".join(f"{part}/" for part in parts)})' for parts in first[1:])
    start = ''.join(f'{part}/' for part in first[0]) if first else ''
    lead = ANY_FOLDERS if first else ''
    if not last:
        return f'{start}{groups}[^/]'
    return f'{start}{groups}{lead}{"/".join(last)}{end}'


def _between_double_stars(segments: Sequence[str]) -> list[list[str]]:
    found: list[list[str]] = [[]]
    for segment in segments:
        if set(segment) == {'*'} and len(segment) > 1:
            if len(found) == 1 or found[-1]:
                found.append([])
        else:
            found[-1].append(_segment(segment))
    return found


def _segment(text: str) -> str:
    """One name's pattern, without ``/``."""
    chunks = list(_chunks(text))
    if text and not any(chunks):
        return '[^/]+'
    *first, last = chunks
    if not first:
        return last
    middle = ''.join(f'(?>[^/]*?{chunk})' for chunk in first[1:] if chunk)
    return f'{first[0]}{middle}[^/]*{last}'


def _chunks(text: str) -> Iterator[str]:
    """What stands between the stars: each matches names of one length."""
    chunk, at = '', 0
    while at < len(text):
        letter = text[at]
        if letter == '*':
            yield chunk
            chunk = ''
        elif letter == '?':
            chunk += '[^/]'
        elif letter == '\\' and at + 1 < len(text):
            at += 1
            chunk += re.escape(text[at])
        elif letter == '[' and (found := re.compile(r'\[([!^]?)(\]?[^\]]*)\]').match(text, at)):
            chunk += _class(found[1], found[2])
            at = found.end() - 1
        else:
            chunk += re.escape(letter)
        at += 1
    yield chunk


def _class(negated: str, inner: str) -> str:
    safe = re.sub(r'([\[\]\\^&~|])', r'\\\1', inner.replace('\\', '')).replace('--', r'\-\-')
    return f'(?!/)[{"^" if negated else ""}{safe}]'
