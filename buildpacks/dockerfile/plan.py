"""Apps that bring a Dockerfile: it is built as it is, and what it leaves in /app is the slug."""

import re
from collections.abc import Mapping

from gitreceive.build.appfiles.manifest import conflict
from gitreceive.build.dockerfiles.instructions import parse_dockerfile
from gitreceive.build.dockerfiles.own import bases, command, refuse_dangers, with_triggers
from gitreceive.build.ports import Source
from gitreceive.model.dockerfile import without_syntax
from gitreceive.model.errors import DetectError, SourceError
from gitreceive.model.plan import Plan, Stack
from gitreceive.model.process import ProcessType

MARKERS = ('Dockerfile',)
ORDER = 10
INIT = False
"""Only the app's own file can ask for it."""
HINTS = {
    'dockerfile': 'rename dockerfile to Dockerfile',
    'Dockerfile ': 'rename "Dockerfile " to Dockerfile',
    'Containerfile': 'rename Containerfile to Dockerfile',
}
CONFLICT = (re.compile('^<{7} ', re.MULTILINE), re.compile('^>{7} ', re.MULTILINE))
"""Both have to be there: a line of ``=`` alone may stand in a here-document."""

LIMIT = 1_000_000
CEDAR = re.compile(r'heroku/cedar(:[\w.-]+)?', re.ASCII)
AS_IN_2015 = ('USER root', 'WORKDIR /', 'RUN ["userdel", "app"]')
"""Those images had no user "app", and Dockerfiles written for them make one: it gets the same number and /app."""

CAUSES = (
    (
        r'useradd: user .{1,40} already exists',
        'the stack has the user "app" already\nRemove the line, or write "id app || useradd ...".',
    ),
)


def detect(source: Source) -> str | None:
    """The Dockerfile, if there is one."""
    return MARKERS[0] if source.exists(MARKERS[0]) else None


def plan(source: Source, stack: Stack, env: Mapping[str, str]) -> Plan:
    """The Dockerfile itself, on the stack where it asks for that of 2015. Raises DetectError for what is not built."""
    text = _text(source)
    own = without_syntax(text)
    refuse_dangers(own)
    replaced = with_triggers(_on_stack(own, stack))
    refuse_dangers(replaced)
    processes, processes_from = _processes(source, own)
    return Plan(
        buildpack='dockerfile',
        title='Dockerfile',
        reason=MARKERS[0],
        values={'own_dockerfile': replaced, 'bases': bases(replaced)},
        processes=processes,
        processes_from=processes_from,
        notes=tuple(_notes(text, own, replaced, stack, env)),
    )


def _text(source: Source) -> str:
    try:
        content = source.read(MARKERS[0], LIMIT)
        text = content.removeprefix(b'\xef\xbb\xbf').decode()
    except SourceError as error:
        raise DetectError(str(error)) from error
    except UnicodeDecodeError as error:
        raise DetectError(f'Dockerfile is not UTF-8 (byte {error.start}): save it as UTF-8') from error
    if '\0' in text:
        raise DetectError('Dockerfile holds a zero byte: it is no text')
    if all(marker.search(text) for marker in CONFLICT):
        raise DetectError(conflict(MARKERS[0], text))
    return text.replace('\r\n', '\n')


def _on_stack(text: str, stack: Stack) -> str:
    """``FROM heroku/cedar:14`` becomes this receiver's stack."""
    lines = text.split('\n')
    for instruction in parse_dockerfile(text)[::-1]:
        words = instruction.arguments.split()
        if instruction.word == 'FROM' and words and CEDAR.fullmatch(words[0]):
            named = ' '.join(['FROM', stack.build_image, *words[1:]])
            lines[instruction.start : instruction.end] = [named, *AS_IN_2015]
    return '\n'.join(lines)


def _processes(source: Source, text: str) -> tuple[tuple[ProcessType, ...], str]:
    if source.exists('Procfile'):
        return (), 'Procfile'
    found = command(parse_dockerfile(text))
    if not found or re.search('[\x00-\x08\x0a-\x1f\x7f]', found):
        raise DetectError(
            'nothing says how the app is started: add CMD to the Dockerfile, or a Procfile with "web: COMMAND"'
        )
    return (ProcessType(name='web', command=found),), 'CMD of the Dockerfile'


def _notes(text: str, own: str, replaced: str, stack: Stack, env: Mapping[str, str]) -> list[str]:
    notes = [
        'A Dockerfile wins over detection; the config var BUILDPACK_URL=NAME chooses a platform instead.'
    ]
    if own != text:
        notes.append('Its "# syntax=" line is not used: builds have the frontend of the engine.')
    if with_triggers(own) != own:
        notes.append('Its ONBUILD instructions are carried out at its end.')
    if replaced != with_triggers(own):
        notes.append(f'FROM heroku/cedar is answered with {stack.build_image}.')
    if env:
        notes.append('Config vars are not given to the steps of a Dockerfile: they would stay in its layers.')
    return notes
