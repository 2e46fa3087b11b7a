"""Reads a Dockerfile that somebody else wrote: what it builds on and starts, and what an engine must not be asked for.

What is refused is looked for in every way that the text can be read.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence

from gitreceive.build.dockerfiles.instructions import WITH_HEREDOCS, Instruction, parse_dockerfile, readings
from gitreceive.model.dockerfile import names_frontend
from gitreceive.model.errors import DetectError

REMOTE = re.compile(r'://|^[\w.+-]+@[^/]*:|\$')
ODD_HEREDOC = re.compile(
    r'(?:^|\s)\d*<<-?+(?![<\s]|$)(?!(["\']?)[A-Za-z_][A-Za-z0-9_.]*\1(?:\s|$))', re.MULTILINE
)
"""A here-document whose end may be read in several ways: behind a blank line, a comment, or a line that goes on."""

CONTROL = re.compile('[\x00-\x08\x0b-\x1f\x7f]')
ARGUMENT = re.compile(r'(\w+)(?:=([^\s"\'\\`]*|"[^"\\`]*"|\'[^\'\\`]*\'))?(?:\s+|\Z)', re.ASCII)
SET_BY_US = 'BUILDKIT_'
VARIABLE = re.compile(r'\$(?:\{(\w+)\}|(\w+))')
IMAGE = re.compile(r'(?!.*(?:\.\.|//))[a-z0-9][A-Za-z0-9._/:@-]{0,250}', re.ASCII)
ONBUILD = re.compile(r'^\s*ONBUILD(?:\s|[\\`]\s*\n)+', re.IGNORECASE)
INSTRUCTIONS = frozenset(
    'ADD ARG CMD COPY ENTRYPOINT ENV EXPOSE FROM HEALTHCHECK LABEL MAINTAINER ONBUILD RUN SHELL STOPSIGNAL USER VOLUME'
    ' WORKDIR'.split()
)
HOST = re.compile(r'[^/]*[.:][^/]*/|localhost/')
OWN = 'gitreceive-app/'


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
    for reading in readings(text):
        built = _is_built(reading)
        for name, instruction in _images(reading):
            if built or HOST.match(name):
                found[_checked(name, instruction) if built else name] = None
    return tuple(found)


def _is_built(reading: Sequence[Instruction]) -> bool:
    """Whether an engine that reads it so builds it: it refuses all of a text with a word that is no instruction."""
    return all(one.trigger or one.word in INSTRUCTIONS for one in reading)


def refuse_dangers(text: str) -> None:
    """Raises DetectError for what reaches beyond the build's own container, with what to do instead."""
    if text.startswith('\ufeff') or names_frontend(text):
        raise DetectError('Dockerfile, line 1: this is no instruction: begin the file with FROM')
    if found := CONTROL.search(text):
        line = text.count('\n', 0, found.start()) + 1
        raise DetectError(f'Dockerfile, line {line}: it holds {ascii(found[0])}: remove it')
    for reading in readings(text):
        for instruction in reading:
            _refuse_instruction(instruction)


def _refuse_instruction(instruction: Instruction) -> None:
    if instruction.word in WITH_HEREDOCS and ODD_HEREDOC.search(instruction.rest):
        raise _error(instruction, 'what follows "<<" has to be a plain word, as in <<EOF')
    if instruction.word == 'ADD' and any(map(REMOTE.search, _sources(instruction))):
        raise _error(
            instruction,
            'ADD of an address is done by the engine itself: use RUN curl --fail, or commit the file',
        )
    for flag in instruction.flags:
        if re.match(r'--(?:network=host|security=insecure)', flag, re.IGNORECASE):
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
    there = place.startswith('/app') and place.rstrip('/') != '/app/src' and re.fullmatch(r'[\w./ -]+', place)
    return f'cd {_quoted([place])} && {words}' if words and there else words


def _command(entry: str, arguments: str) -> str:
    exec_entry, exec_arguments = json_words(entry), json_words(arguments)
    if entry and exec_entry is None:
        return entry
    if entry:
        return _quoted([*(exec_entry or ()), *(exec_arguments or ())])
    return _quoted(exec_arguments) if exec_arguments is not None else arguments


def json_words(text: str) -> list[str] | None:
    """The words of an exec form; None if the text is none. Pure."""
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


def _images(instructions: Sequence[Instruction]) -> Iterator[tuple[str, Instruction]]:
    """What is named that is no stage before it, with variables that are known before the build."""
    stages: set[str] = {'scratch'}
    variables: dict[str, str] = {}
    stage_count = 0
    for instruction in instructions:
        if instruction.word == 'ARG' and not stage_count:
            take_arguments(variables, instruction.rest)
        elif instruction.word == 'FROM':
            words = instruction.arguments.split()
            name = resolved(words[0], variables) if words else ''
            if name and name.lower() not in stages:
                yield name, instruction
            stages |= {words[2].lower()} if len(words) == 3 else set()
            stage_count += 1
        for name in _flagged(instruction):
            if name.lower() not in stages:
                yield name, instruction


def _flagged(instruction: Instruction) -> Iterator[str]:
    """What flags name as images or stages; COPY may also number a stage."""
    for flag in instruction.flags:
        kind, _, value = flag.partition('=')
        if kind.lower() == '--from' and not value.isdecimal():
            yield value
        if kind.lower() == '--mount':
            fields = (field.partition('=') for field in value.replace('"', '').split(','))
            yield from (found for key, _, found in fields if key.strip().lower() == 'from')


def take_arguments(variables: dict[str, str], text: str) -> None:
    """Notes what an ``ARG`` sets: after one that is not plain no variable is known."""
    at = 0
    while at < len(text):
        match = ARGUMENT.match(text, at)
        if not match:
            variables.clear()
            return
        at = match.end()
        variables.pop(match[1], None)
        if match[2] is not None and not match[1].startswith(SET_BY_US):
            variables[match[1]] = match[2].strip('"\'')


def resolved(name: str, variables: Mapping[str, str]) -> str:
    """A name with the variables that are known filled in; others stay, with their ``$``. Pure."""
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
    """All but the last word, in both forms, without what the engine takes away before it looks at them."""
    text = instruction.arguments
    words = [*text.split()[:-1], *(json_words(text) or ())[:-1]]
    return [re.sub(r'[\\`"\']', '', word) for word in words]


def _error(instruction: Instruction, text: str) -> DetectError:
    return DetectError(f'Dockerfile, line {instruction.start + 1}: {text}')
