"""Reads a Dockerfile that somebody else wrote: its instructions, and what of them an engine must not be asked for.

The engine's own parser decides in the end, and versions of it differ (here-documents; where an ``escape`` directive may
stand). What is refused is therefore looked for in every way that the text can be read.
https://docs.docker.com/reference/dockerfile/
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from gitreceive.errors import DetectError

SYNTAX = re.compile(r'\s*(#|//)\s*syntax\s*=', re.IGNORECASE)
ESCAPE = re.compile(r'#\s*escape\s*=\s*([\\`])\s*', re.IGNORECASE)
ESCAPE_ANYWHERE = re.compile(r'^\s*#\s*escape\s*=', re.IGNORECASE | re.MULTILINE)
DIRECTIVE = re.compile(r'#\s*[a-zA-Z]+\s*=')
HEREDOC = re.compile(r'(?:^|\s)\d*<<(-?)(["\']?)([A-Za-z_][\w.]*)\2', re.ASCII)
WITH_HEREDOCS = ('RUN', 'COPY', 'ADD')
REMOTE = re.compile(r'://|^[\w.+-]+@[^/]*:|\$')
FROM_FLAG = re.compile(r'--from=(\S+)|--mount=\S*?\bfrom=([^,\s]+)')
VARIABLE = re.compile(r'\$(?:\{(\w+)\}|(\w+))')
IMAGE = re.compile(r'[a-z0-9][A-Za-z0-9._/:@-]{0,250}', re.ASCII)
ONBUILD = re.compile(r'^\s*ONBUILD(?:\s|[\\`]\s*\n)+', re.IGNORECASE)
HOST = re.compile(r'[^/]*[.:][^/]*/|localhost/')
OWN = 'gitreceive-app/'


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
        """What begins with ``--`` in front."""
        found = re.match(r'(?:--\S+\s*)*', self.rest)
        return tuple(found[0].split()) if found else ()

    @property
    def arguments(self) -> str:
        """What follows the flags."""
        return re.sub(r'^(?:--\S+\s*)*', '', self.rest)


def without_syntax(text: str) -> str:
    """The text without ``# syntax=`` lines above its first instruction: each would run an image of its own choice."""
    lines = text.split('\n')
    for number, line in enumerate(lines):
        if line.strip() and not line.lstrip().startswith(('#', '//')):
            return '\n'.join([*(line for line in lines[:number] if not SYNTAX.match(line)), *lines[number:]])
    return '\n'.join(line for line in lines if not SYNTAX.match(line))


def parse_dockerfile(text: str) -> tuple[Instruction, ...]:
    """The instructions, as a current engine reads them. Pure."""
    return tuple(_read(text.split('\n'), _escape(text), heredocs=True))


def with_triggers(text: str) -> str:
    """The text with the ONBUILD instructions of its last stage carried out at its end.

    That is what a build ``FROM`` its result would do, and it is cached like the rest.
    """
    lines, found = text.split('\n'), parse_dockerfile(text)
    last = max((instruction.start for instruction in found if instruction.word == 'FROM'), default=0)
    triggers = [one for one in found if one.trigger and one.start > last]
    bodies = ['\n'.join(lines[one.start : one.end]) for one in triggers]
    carried_out = [ONBUILD.sub('', body) for body in bodies]
    return '\n'.join([text.rstrip('\n'), *carried_out, '']) if triggers else text


def bases(text: str) -> tuple[str, ...]:
    """The images that the engine has to have, in the order in which they are named.

    Raises DetectError for a name that is not known before the build, or that is an app's.
    """
    found = {_checked(name, instruction): None for name, instruction in _images(parse_dockerfile(text))}
    for reading in _readings(text):
        found |= {name: None for name, _ in _images(reading) if HOST.match(name)}
    return tuple(found)


def refuse_dangers(text: str) -> None:
    """Raises DetectError for what reaches beyond the build's own container, with what to do instead."""
    for reading in _readings(text):
        for instruction in reading:
            if instruction.word == 'ADD' and any(map(REMOTE.search, _sources(instruction))):
                raise _error(
                    instruction,
                    'ADD of an address is done by the engine itself: use RUN curl --fail, or commit the file',
                )
            for flag in instruction.flags:
                if re.match(r'--(?:network=host|security=insecure)', flag):
                    raise _error(instruction, f'{flag} is not given to builds: remove it')


def command(instructions: Sequence[Instruction]) -> str:
    """What the last stage starts, as a command for a shell in its working directory; empty if it says nothing. Pure."""
    entry, arguments, place = '', '', ''
    for instruction in instructions:
        match instruction.word:
            case 'FROM':
                entry, arguments, place = '', '', ''
            case 'CMD':
                arguments = instruction.rest
            case 'ENTRYPOINT':
                entry, arguments = instruction.rest, ''
            case 'WORKDIR':
                place = _joined(place, instruction.rest)
    words = _command(entry, arguments)
    there = place.startswith('/app') and place.rstrip('/') != '/app/src' and re.fullmatch(r'[\w./-]+', place)
    return f'cd {place} && {words}' if words and there else words


def _command(entry: str, arguments: str) -> str:
    exec_entry, exec_arguments = _exec_form(entry), _exec_form(arguments)
    if entry and exec_entry is None:
        return entry
    if entry:
        return _quoted([*(exec_entry or ()), *(exec_arguments or ())])
    return _quoted(exec_arguments) if exec_arguments is not None else arguments


def _exec_form(text: str) -> list[str] | None:
    try:
        words = json.loads(text)
    except ValueError:
        return None
    return words if isinstance(words, list) and all(isinstance(word, str) for word in words) else None


def _quoted(words: Sequence[str]) -> str:
    plain = re.compile(r'[\w@%+=:,./-]+', re.ASCII)
    return ' '.join(
        word if plain.fullmatch(word) else "'" + word.replace("'", "'\"'\"'") + "'" for word in words
    )


def _joined(place: str, text: str) -> str:
    text = text.strip().strip('"')
    return text if text.startswith('/') else f'{place.rstrip("/")}/{text}'


def _readings(text: str) -> Iterator[list[Instruction]]:
    """In every way that an engine might read it; that is one, unless the text has what they differ in."""
    lines = text.split('\n')
    for escape in '\\`' if ESCAPE_ANYWHERE.search(text) else '\\':
        for heredocs in (True, False) if '<<' in text else (True,):
            yield list(_read(lines, escape, heredocs))


def _escape(text: str) -> str:
    for line in text.split('\n'):
        found = ESCAPE.fullmatch(line.strip())
        if found:
            return found[1]
        if not DIRECTIVE.match(line.strip()):
            break
    return '\\'


def _read(lines: Sequence[str], escape: str, heredocs: bool) -> Iterator[Instruction]:
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
            at = _after_heredocs(lines, at, rest)
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
        bare = line.rstrip()
        if not bare.endswith(escape):
            pieces.append(line)
            break
        pieces.append(bare[:-1])
    return at, ''.join(pieces).strip()


def _split(text: str) -> tuple[str, str]:
    word, *rest = text.split(None, 1) or ['']
    return word.upper(), rest[0].strip() if rest else ''


def _after_heredocs(lines: Sequence[str], at: int, rest: str) -> int:
    for dash, _, name in HEREDOC.findall(rest):
        end = at
        while end < len(lines) and (lines[end].lstrip('\t') if dash else lines[end]).rstrip('\r') != name:
            end += 1
        if end == len(lines):
            return at
        at = end + 1
    return at


def _images(instructions: Sequence[Instruction]) -> Iterator[tuple[str, Instruction]]:
    """What is named that is no stage before it, with variables that are known before the build."""
    stages: set[str] = {'scratch'}
    variables: dict[str, str] = {}
    stage_count = 0
    for instruction in instructions:
        if instruction.word == 'ARG' and not stage_count:
            name, equals, value = instruction.rest.partition('=')
            variables |= {name: value.strip('"\'')} if equals else {}
        elif instruction.word == 'FROM':
            words = instruction.arguments.split()
            name = _resolved(words[0], variables) if words else ''
            if name and name.lower() not in stages:
                yield name, instruction
            stages |= {words[2].lower()} if len(words) == 3 else set()
            stage_count += 1
        for flag in instruction.flags:
            for pair in FROM_FLAG.findall(flag):
                name = pair[0] or pair[1]
                if not name.isdecimal() and name.lower() not in stages:
                    yield name, instruction


def _resolved(name: str, variables: Mapping[str, str]) -> str:
    return VARIABLE.sub(lambda match: variables.get(match[1] or match[2], match[0]), name)


def _checked(name: str, instruction: Instruction) -> str:
    if '$' in name:
        raise _error(
            instruction, f'{ascii(name[:80])} is not known before the build: write the name of an image'
        )
    if not IMAGE.fullmatch(name):
        raise _error(instruction, f'{ascii(name[:80])} is not the name of an image')
    if OWN in name:
        raise _error(instruction, f'{name[:80]} is the image of an app: build on the stack instead')
    return name


def _sources(instruction: Instruction) -> Sequence[str]:
    words = _exec_form(instruction.arguments) or instruction.arguments.split()
    return words[:-1]


def _error(instruction: Instruction, text: str) -> DetectError:
    return DetectError(f'Dockerfile, line {instruction.start + 1}: {text}')
