"""The recipe of an app as files of its own directory, so that a plain ``docker build .`` makes the image."""

import json
import os
import re
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from gitreceive.build.appfiles.classic import Asked
from gitreceive.build.dockerfiles.render import exec_form
from gitreceive.build.planning import Planner
from gitreceive.build.report import report_plan
from gitreceive.local.building import ENV_FILE, directory_source
from gitreceive.model.errors import SettingsError, SourceError
from gitreceive.model.plan import ContextFile, Recipe
from gitreceive.model.process import ProcessType
from gitreceive.model.progress import Console
from gitreceive.run.spec import START

FOLDER = '.gitreceive'
DOCKERFILE = 'Dockerfile'
DOCKERIGNORE = '.dockerignore'
HIDDEN = (ENV_FILE, DOCKERFILE)
"""A Dockerfile that is there already says nothing about the one to be written."""

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


def init_directory(
    directory: Path, template: str | None, force: bool, planner: Planner, console: Console
) -> list[Path]:
    """Reports the plan of a directory and writes its Dockerfile; returns the files that people may want to look at.

    ``template`` names a buildpack instead of the first that recognises the app. Raises SettingsError for a name that
    is none, what planning raises, and SourceError.
    """
    asked = _asked(template, planner) if template else None
    planned = planner.plan(directory_source(directory, HIDDEN), {}, asked)
    report_plan(planned.plan, console)
    web = next((process for process in planned.plan.processes if process.name == 'web'), None)
    return write_standalone(standalone(planned.recipe, web), directory, force)


def _asked(template: str, planner: Planner) -> Asked:
    known = {buildpack.name for buildpack in planner.buildpacks if buildpack.traits.init}
    if template not in known:
        raise SettingsError(f'there is no template "{template}"; there are: {", ".join(sorted(known))}')
    return Asked(names=(template,), where='--template')


def standalone(recipe: Recipe, web: ProcessType | None) -> Standalone:
    """The receiver's recipe with the paths of a directory: the code is all of it, the scripts are below ``.gitreceive``.

    ``web`` is what a container of the image runs, as the receiver would. Pure.
    """
    start = ContextFile(name=f'{FOLDER}/start', content=f'#!/bin/bash{START}'.encode(), executable=True)
    files = tuple(
        ContextFile(name=f'{FOLDER}/{file.name}', content=file.content, executable=file.executable)
        for file in recipe.files
    )
    lines = [_rewritten(line) for line in recipe.dockerfile.splitlines()]
    if web:
        lines += ['', '# docker run --init --env PORT=5000 --publish 127.0.0.1:5000:5000 IMAGE']
        lines += [f'CMD {exec_form(["bash", f"/app/src/{start.name}", web.command])}']
    return Standalone(
        dockerfile='\n'.join(lines) + '\n',
        files=(*files, start),
        dockerignore='\n'.join(IGNORED) + '\n',
    )


def write_standalone(made: Standalone, directory: Path, force: bool) -> list[Path]:
    """Writes the files, the Dockerfile last, and returns those that people may want to look at.

    A ``.dockerignore`` that is there stays as it is; so does everything without ``force``. Raises SourceError.
    """
    dockerfile, folder, dockerignore = (directory / name for name in (DOCKERFILE, FOLDER, DOCKERIGNORE))
    for path in (dockerfile, folder):
        if os.path.lexists(path) and not force:
            raise SourceError(f'{path} is there already: --force replaces it')
    try:
        _remove(folder)
        for file in made.files:
            _write(directory / file.name, file.content, 0o755 if file.executable else 0o644)
        ignores = not os.path.lexists(dockerignore)
        if ignores:
            _write(dockerignore, made.dockerignore.encode(), 0o644)
        _remove(dockerfile)
        _write(dockerfile, made.dockerfile.encode(), 0o644)
    except OSError as error:
        raise SourceError(f'cannot write {error.filename or directory}: {error.strerror}') from error
    return [dockerfile, folder, *([dockerignore] if ignores else [])]


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _write(path: Path, content: bytes, mode: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode), 'wb') as file:
        file.write(content)


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
