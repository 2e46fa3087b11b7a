"""Loads buildpacks: one directory each, with ``plan.py``, ``Dockerfile.j2`` and the scripts that build steps run."""

import hashlib
import importlib.util
import os
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Protocol, cast

from gitreceive.build.appfiles.classic import Classics
from gitreceive.build.causes import CAUSES, Causes
from gitreceive.build.ports import Source
from gitreceive.build.traits import ORDINARY, Traits, read_traits
from gitreceive.config.resources import directory
from gitreceive.model.errors import SettingsError
from gitreceive.model.plan import ContextFile, Plan, Stack

SHARED = 'shared'
"""The directory of scripts that every buildpack gets beside its own."""

PLAN = 'plan.py'
MODULES = '.py'
CLASSIC = 'bin/compile'
TEMPLATE = 'Dockerfile.j2'
FOLDER = 'buildpack/'
NAME = re.compile('[a-z][a-z0-9-]{0,29}')
LONGEST_LINE = 2000


class PlanModule(Protocol):
    """What ``plan.py`` of a buildpack defines. ``CAUSES``, ``HINTS`` and all of ``Traits`` may be left out."""

    MARKERS: tuple[str, ...]
    CAUSES: Causes
    HINTS: Mapping[str, str]

    def detect(self, source: Source) -> str | None:
        """See ``ports.Buildpack``."""

    def plan(self, source: Source, stack: Stack, env: Mapping[str, str]) -> Plan:
        """See ``ports.Buildpack``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedBuildpack:
    """A buildpack's directory, read; satisfies the ``Buildpack`` port."""

    name: str
    template: str
    files: tuple[ContextFile, ...]
    module: PlanModule
    traits: Traits = ORDINARY

    @property
    def markers(self) -> tuple[str, ...]:
        """The files that mark the platform."""
        return self.module.MARKERS

    @property
    def hints(self) -> Mapping[str, str]:
        """Files that people take for markers, and what to do instead."""
        return getattr(self.module, 'HINTS', {})

    def detect(self, source: Source) -> str | None:
        """The file that makes this an app for this buildpack, or None."""
        return self.module.detect(source)

    def plan(self, source: Source, stack: Stack, env: Mapping[str, str]) -> Plan:
        """What to do. Raises DetectError."""
        return self.module.plan(source, stack, env)

    def explain(self, step: str, lines: Sequence[str]) -> str | None:
        """The cause of a failed step, and in a second line the remedy; None if its last ``lines`` tell nothing known."""
        said = '\n'.join(line[:LONGEST_LINE] for line in lines)
        for pattern, text in (*getattr(self.module, 'CAUSES', ()), *CAUSES):
            match = re.search(pattern, said, re.MULTILINE)
            if match:
                return match.expand(text)
        return None


def load_buildpacks(own: Sequence[Path] = (), hosts: Sequence[str] = ()) -> tuple[LoadedBuildpack, ...]:
    """All buildpacks in the order in which they are asked: those in the directories ``own`` by name, then the shipped
    ones by their ``ORDER``.

    A buildpack of ``own`` replaces the shipped one of its name. Classic ones are not asked, but used by name or from
    ``hosts``. Raises SettingsError for a directory that is none.
    """
    shipped = directory('buildpacks')
    shared = _files(shipped / SHARED)
    mine = [load_buildpack(path, shared) for folder in own for path in _directories(folder, PLAN)]
    classics = [path for folder in own for path in _directories(folder, CLASSIC)]
    taken = {buildpack.name for buildpack in mine}
    found = (load_buildpack(path, shared) for path in _directories(shipped, PLAN) if path.name not in taken)
    others = sorted(found, key=lambda each: (each.traits.order, each.name))
    platforms = tuple(buildpack.name for buildpack in (*mine, *others))
    asked = Classics(own=tuple(path.name for path in classics), hosts=tuple(hosts), platforms=platforms)
    return (*mine, *others, _classic(shipped / 'classic', shared, classics, asked))


def _classic(
    path: Path, shared: Sequence[ContextFile], own: Sequence[Path], asked: Classics
) -> LoadedBuildpack:
    files = (*shared, *_files(path), *(file for folder in own for file in _tree(folder)))
    module = cast(PlanModule, asked)
    traits = Traits(init=False)
    return LoadedBuildpack(
        name='classic', template=_template(path), files=files, module=module, traits=traits
    )


def load_buildpack(path: Path, shared: Sequence[ContextFile] = ()) -> LoadedBuildpack:
    """The buildpack in the directory ``path``. Raises SettingsError that says what it lacks."""
    if not NAME.fullmatch(path.name):
        raise SettingsError(f'{path}: a buildpack\'s name has lower-case letters, digits and "-"')
    files = {file.name: file for file in (*shared, *_files(path))}
    template, module = _template(path), _module(path)
    return LoadedBuildpack(
        name=path.name,
        template=template,
        files=tuple(files.values()),
        module=cast(PlanModule, module),
        traits=read_traits(module, str(path / PLAN)),
    )


def _template(path: Path) -> str:
    try:
        return (path / TEMPLATE).read_text('utf-8')
    except OSError as error:
        raise SettingsError(
            f'{path} is not a buildpack: {TEMPLATE} cannot be read ({error.strerror})'
        ) from error


def _tree(path: Path) -> Iterator[ContextFile]:
    """All of a classic buildpack's directory. Raises SettingsError for a name that is none."""
    if not NAME.fullmatch(path.name):
        raise SettingsError(f'{path}: a buildpack\'s name has lower-case letters, digits and "-"')
    for file in sorted(path.rglob('*')):
        inner = file.relative_to(path)
        if file.is_file() and '.git' not in inner.parts:
            executable = os.access(file, os.X_OK)
            name = f'{FOLDER}own/{path.name}/{inner}'
            yield ContextFile(name=name, content=file.read_bytes(), executable=executable)


def _directories(folder: Path, mark: str) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if (path / mark).is_file())
    except OSError as error:
        raise SettingsError(f'the buildpacks in {folder} cannot be read: {error.strerror}') from error


def _files(path: Path) -> list[ContextFile]:
    """What the steps get: all but the template and the plan's modules (``*.py``).

    A file that begins with ``#!`` is a program, however it was installed.
    """
    found = []
    for file in sorted(path.iterdir()) if path.is_dir() else ():
        if file.is_file() and file.name != TEMPLATE and file.suffix != MODULES:
            content = file.read_bytes()
            found.append(
                ContextFile(name=FOLDER + file.name, content=content, executable=content.startswith(b'#!'))
            )
    return found


def _module(path: Path) -> ModuleType:
    """``plan.py``, as a package of its own: ``from .versions import ...`` in it finds ``versions.py`` beside it."""
    name = f'gitreceive_buildpack_{hashlib.sha256(bytes(path.resolve())).hexdigest()[:16]}'
    spec = importlib.util.spec_from_file_location(name, path / PLAN, submodule_search_locations=[str(path)])
    assert spec and spec.loader
    for known in [known for known in sys.modules if known.partition('.')[0] == name]:
        del sys.modules[known]
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except (OSError, SyntaxError, ImportError) as error:
        raise SettingsError(f'{path / PLAN} cannot be loaded: {error}') from error
    missing = [name for name in ('MARKERS', 'detect', 'plan') if not hasattr(module, name)]
    if missing:
        raise SettingsError(f'{path / PLAN} does not define {", ".join(missing)}')
    return module
