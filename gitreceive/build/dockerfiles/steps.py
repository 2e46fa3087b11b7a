"""Which steps of an app's own Dockerfile come with its code: what stands below them stays the same from push to push.

Manifests are copied by their names, then dependencies are installed, then directories of code are copied: that is how
Dockerfiles are written, for the engine's cache. https://docs.docker.com/build/cache/optimize/
"""

import posixpath
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from gitreceive.build.dockerfiles.instructions import Instruction, parse_dockerfile
from gitreceive.build.dockerfiles.own import json_words, resolved, take_arguments
from gitreceive.build.ports import Source

STEPS = ('RUN', 'COPY', 'ADD')
"""What makes a layer, in every engine."""

FILES = re.compile(r'[\w./-]*\*[\w-]*\.\w+', re.ASCII)
"""A pattern of files with one kind of name."""

MOST_PATHS = 100
"""Paths that are looked for in the code; a Dockerfile may name thousands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Step:
    """``code``: it sees a directory of the code, or a stage that does; ``copies``: it copies of the code at all."""

    code: bool
    copies: bool


@dataclass(slots=True)
class _Stages:
    """The steps of each stage so far, by its name and number."""

    source: Source
    found: dict[str, list[_Step]] = field(default_factory=dict)
    looked_at: dict[str, bool] = field(default_factory=dict)

    def sees_code(self, name: str) -> bool:
        return '$' in name or any(step.code for step in self.found.get(name.lower(), ()))

    def begin(self, words: Sequence[str], number: int) -> list[_Step]:
        steps = list(self.found.get(words[0].lower(), ())) if words else []
        self.found[str(number)] = steps
        if len(words) == 3:
            self.found[words[2].lower()] = steps
        return steps

    def step(self, instruction: Instruction) -> _Step:
        if instruction.word == 'RUN':
            return _Step(code=any(map(self._mounts_code, instruction.flags)), copies=False)
        stage = _value(instruction.flags, '--from')
        if stage is not None:
            return _Step(code=self.sees_code(stage), copies=False)
        paths = [path for path in _words(instruction.arguments)[:-1] if not path.startswith('<<')]
        code = any(map(self._is_tree, paths)) or (instruction.word == 'ADD' and bool(paths))
        return _Step(code=code, copies=bool(paths))

    def _mounts_code(self, flag: str) -> bool:
        kind, _, fields = flag.partition('=')
        given = {key.lower(): value for key, _, value in (pair.partition('=') for pair in fields.split(','))}
        if kind.lower() != '--mount' or given.get('type', 'bind') != 'bind':
            return False
        if 'from' in given:
            return self.sees_code(given['from'])
        return self._is_tree(given.get('source') or given.get('src') or '.')

    def _is_tree(self, path: str) -> bool:
        """Whether it may be anything else than files of the code by their names (``package*.json`` is one)."""
        plain = posixpath.normpath(f'/{path}').lstrip('/')
        if plain not in self.looked_at:
            if len(self.looked_at) == MOST_PATHS:
                return True
            self.looked_at[plain] = not self._names_files(plain)
        return self.looked_at[plain]

    def _names_files(self, path: str) -> bool:
        if self.source.exists(path):
            return True
        found = self.source.glob(path) if FILES.fullmatch(path) else ()
        return bool(found) and not self.source.glob(f'{path}/*')


def code_steps(dockerfile: str, source: Source) -> int:
    """How many of the last steps come with the code: from the first on that sees a directory of it, or else from the
    last one that copies a file of it. 0 if there is none, or if that is not known before the build.

    ``source`` is what the Dockerfile sees.
    """
    stages, steps, number = _Stages(source), list[_Step](), 0
    variables: dict[str, str] = {}
    for instruction in parse_dockerfile(dockerfile):
        if instruction.trigger:
            continue
        if instruction.word == 'ARG' and not number:
            take_arguments(variables, instruction.rest)
        elif instruction.word == 'FROM':
            words = resolved(instruction.arguments, variables).split()
            if not words or '$' in words[0]:
                return 0
            steps = stages.begin(words, number)
            number += 1
        elif instruction.word in STEPS:
            steps.append(stages.step(instruction))
    return _from_code_on(steps)


def _from_code_on(steps: Sequence[_Step]) -> int:
    first = next((at for at, step in enumerate(steps) if step.code), None)
    if first is not None:
        return len(steps) - first
    return next((above for above, step in enumerate(reversed(steps), 1) if step.copies), 0)


def _words(arguments: str) -> Sequence[str]:
    found = json_words(arguments)
    return arguments.split() if found is None else found


def _value(flags: Sequence[str], name: str) -> str | None:
    found = (flag.partition('=') for flag in flags)
    return next((value for kind, _, value in found if kind.lower() == name), None)
