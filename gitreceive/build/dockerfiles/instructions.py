"""The instructions of a Dockerfile that somebody else wrote, as engines read them.

The engine's own parser decides in the end, and versions of it differ (here-documents; where an ``escape`` directive may
stand; two escape characters at the end of a line). https://docs.docker.com/reference/dockerfile/
"""

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

ESCAPE = re.compile(r'#\s*escape\s*=\s*([\\`])\s*', re.IGNORECASE)
ESCAPE_ANYWHERE = re.compile(r'^\s*#\s*escape\s*=', re.IGNORECASE | re.MULTILINE)
DIRECTIVE = re.compile(r'#\s*[a-zA-Z]+\s*=')
HEREDOC = re.compile(r'(?:^|\s)\d*<<(-?)(["\']?)([A-Za-z_][A-Za-z0-9_.]*)\2')
WITH_HEREDOCS = ('RUN', 'COPY', 'ADD')
FLAG = re.compile(
    r'\s*(--(?:[^\s"\'\\]|\\(?:.|\Z)|"(?:[^"\\]|\\.)*(?:"|\\?\Z)|\'(?:[^\'\\]|\\.)*(?:\'|\\?\Z))*)',
    re.DOTALL,
)
"""A flag as the engine splits them: with quotes and escapes, which it then takes away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Instruction:
    """One instruction. Of ONBUILD it is the one that is put off: a ``trigger``.

    ``start`` and ``end`` are lines, from 0, without the end.
    """

    word: str
    rest: str
    start: int
    end: int
    trigger: bool = False

    @property
    def flags(self) -> tuple[str, ...]:
        """What begins with ``--`` in front, without quotes and escapes."""
        return _flags(self.rest)[0]

    @property
    def arguments(self) -> str:
        """What follows the flags."""
        return _flags(self.rest)[1]


def parse_dockerfile(text: str) -> tuple[Instruction, ...]:
    """The instructions, as a current engine reads them. Pure."""
    return tuple(_read(text.split('\n'), _escape(text), heredocs=True))


def readings(text: str) -> Iterator[list[Instruction]]:
    """In every way that an engine might read it; that is one, unless the text has what they differ in."""
    lines = text.split('\n')
    for escape in '\\`' if ESCAPE_ANYWHERE.search(text) else '\\':
        doubled = any(line.rstrip(' \t').endswith(2 * escape) for line in lines)
        for escapes in (escape, 2 * escape) if doubled else (escape,):
            for heredocs in (True, False) if '<<' in text else (True,):
                yield list(_read(lines, escapes, heredocs))


def _escape(text: str) -> str:
    for line in text.split('\n'):
        found = ESCAPE.fullmatch(line.strip())
        if found:
            return found[1]
        if not DIRECTIVE.match(line.strip()):
            break
    return '\\'


def _read(lines: Sequence[str], escape: str, heredocs: bool) -> Iterator[Instruction]:
    """``escape`` twice: also where two of them end a line, it goes on; current engines do not take that for one."""
    ends = _Ends(lines if heredocs else ())
    at = 0
    while at < len(lines):
        start = at
        at, text = _logical(lines, at, escape)
        if not text:
            continue
        word, rest = _split(text)
        trigger = word == 'ONBUILD'
        if trigger:
            word, rest = _split(rest)
        if heredocs and word in WITH_HEREDOCS:
            at = ends.behind(at, rest)
        yield Instruction(word=word, rest=rest, start=start, end=at, trigger=trigger)


def _logical(lines: Sequence[str], at: int, escape: str) -> tuple[int, str]:
    """The instruction that begins at a line, continued lines joined and comments left out; and the line behind it."""
    pieces: list[str] = []
    while at < len(lines):
        line = lines[at]
        at += 1
        if line.lstrip().startswith('#') or (pieces and not line.strip()):
            if not pieces:
                break
            continue
        bare = line.rstrip(' \t')
        if not bare.endswith(escape[0]) or (bare.endswith(2 * escape[0]) and len(escape) == 1):
            pieces.append(line)
            break
        pieces.append(bare[:-1])
    return at, ''.join(pieces).strip()


def _flags(text: str) -> tuple[tuple[str, ...], str]:
    """The flags in front, as the engine understands them, and what follows them."""
    found: list[str] = []
    at = 0
    while match := FLAG.match(text, at):
        at = match.end()
        flag = re.sub(r'\\(.?)|["\']', r'\1', match[1], flags=re.DOTALL)
        if flag == '--':
            break
        found.append(flag)
    return tuple(found), text[at:].strip()


def _split(text: str) -> tuple[str, str]:
    word, *rest = text.split(None, 1) or ['']
    return word.upper(), rest[0].strip() if rest else ''


class _Ends:
    """Where here-documents end: all lines by what they say, so that none is looked at again for each of them."""

    def __init__(self, lines: Sequence[str]) -> None:
        self._places: dict[str, dict[str, list[int]]] = {'': {}, '-': {}}
        for number, line in enumerate(lines):
            bare = line.rstrip('\r')
            for dash, text in (('', bare), ('-', bare.lstrip('\t'))):
                self._places[dash].setdefault(text, []).append(number)

    def behind(self, at: int, rest: str) -> int:
        """The line behind the here-documents of an instruction; ``at`` if one of them has no end."""
        for dash, _, name in HEREDOC.findall(rest):
            places = self._places[dash].get(name, [])
            found = bisect_left(places, at)
            if found == len(places):
                return at
            at = places[found] + 1
        return at
