"""The recipe of an app as files of its own directory, so that a plain ``docker build .`` makes the image. Pure."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gitreceive.boot import START
from gitreceive.model import ContextFile, ProcessType, Recipe
from gitreceive.stages.dockerfile import exec_form

FOLDER = '.gitreceive'
DOCKERFILE = 'Dockerfile'
DOCKERIGNORE = '.dockerignore'

IGNORED = (
    '.git',
    '.env',
    '.env.*',
    '**/node_modules',
    '**/__pycache__',
    '**/*.pyc',
    '.venv',
    'venv',
    'target',
)
"""What an app's directory holds on a developer's machine and no image should."""

INSTRUCTION = re.compile(r'(RUN|COPY)((?: --\S+)*) (\[.*\])')
MOUNT = re.compile(r'--mount=type=bind,source=([\w./-]+),(target=\S+)')
NOT_THERE = ('env', 'meta')
"""What the receiver adds to a build, and a directory does not have: config vars, and the commit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standalone:
    """A Dockerfile, the files below ``.gitreceive/`` that it needs, and what its context leaves out."""

    dockerfile: str
    files: tuple[ContextFile, ...]
    dockerignore: str


def standalone(recipe: Recipe, web: ProcessType | None) -> Standalone:
    """The receiver's recipe with the paths of a directory: the code is all of it, the scripts are below ``.gitreceive``.

    ``web`` is what a container of the image runs, as the receiver would.
    """
    start = ContextFile(name=f'{FOLDER}/start', content=f'#!/bin/bash{START}'.encode(), executable=True)
    files = tuple(
        ContextFile(name=f'{FOLDER}/{file.name}', content=file.content, executable=file.executable)
        for file in recipe.files
    )
    lines = [_rewritten(line) for line in recipe.dockerfile.splitlines()]
    if web:
        lines += ['', '# docker run --env PORT=5000 --publish 127.0.0.1:5000:5000 IMAGE']
        lines += [f'CMD {exec_form(["bash", f"/app/src/{start.name}", web.command])}']
    return Standalone(
        dockerfile='\n'.join(lines) + '\n',
        files=(*files, start),
        dockerignore='\n'.join(IGNORED) + '\n',
    )


def _rewritten(line: str) -> str:
    found = INSTRUCTION.fullmatch(line)
    if not found:
        return line
    word, flags, words = found.groups()
    kept = ''.join(f' {flag}' for flag in _flags(flags.split()))
    if word == 'COPY' and '--from=' not in flags:
        *sources, target = json.loads(words)
        words = json.dumps([*map(_place, sources), target])
    return f'{word}{kept} {words}'


def _flags(flags: Sequence[str]) -> Iterator[str]:
    for flag in flags:
        mount = MOUNT.fullmatch(flag)
        if not mount:
            yield flag
        elif mount[1] not in NOT_THERE:
            yield f'--mount=type=bind,source={_place(mount[1])},{mount[2]}'


def _place(path: str) -> str:
    """Where a path of the receiver's context lies in the directory."""
    if path == 'src':
        return '.'
    return path.removeprefix('src/') if path.startswith('src/') else f'{FOLDER}/{path}'
