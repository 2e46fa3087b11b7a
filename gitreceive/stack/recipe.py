"""A stack's recipe: the files in ``stacks/<name>/`` as frozen records. Reads files, runs nothing."""

import hashlib
import json
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gitreceive.config.resources import directory
from gitreceive.model.errors import StackError
from gitreceive.model.plan import Stack

FORMAT = 1
"""Raise it when this package makes other images of the same recipe: the digest changes, and they are made again."""

SHARED = 'shared'
"""The directory beside the stacks with the scripts that all of them are made by."""

INGREDIENTS = ('stack.toml', 'packages-run.txt', 'packages-build.txt', 'run.sh', 'build.sh')
PYTHON = re.compile(r'python3\.\d+=(\d+\.\d+\.\d+)')
RUBY = re.compile(r'ruby\d\.\d+=(?:\S*\+really)?(\d+\.\d+\.\d+)')
GO = re.compile(r'golang-1\.\d+-go=(\d+(?:\.\d+)+)')
GRADLE = re.compile(r'gradle=(\d+(?:\.\d+)+)')
JAVA = re.compile(r'openjdk-\d+-jdk-headless=(\d+(?:\.\d+)*)')
PHP = re.compile(r'php\d\.\d+-cli=(\d+(?:\.\d+)+)')
RUST = re.compile(r'rustc(?:-web)?=(\d+(?:\.\d+)+)')
"""Debian's packages of languages, with what their makers call the version in the first group."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StackRecipe:
    """What ``stack.toml`` and the package lists say. ``directory`` is where they lie."""

    directory: Path
    stack: Stack
    version: int
    suite: str
    user: str
    home: str
    locales: tuple[str, ...]
    bootstrap_node: str
    env: Mapping[str, str]
    build_env: Mapping[str, str]
    run_packages: tuple[str, ...]
    build_packages: tuple[str, ...]

    def file(self, name: str) -> Path:
        """A file of the recipe: the stack's own, or the one of that name that all stacks share."""
        own = self.directory / name
        return own if own.exists() else directory('stacks') / SHARED / name

    @property
    def additions(self) -> tuple[str, ...]:
        """The names of what there is beside the two images: see ``additions.py``."""
        lists = sorted(path.stem.removeprefix('packages-') for path in self.directory.glob('packages-*.txt'))
        return tuple(name for name in lists if name not in ('run', 'build'))


def load_stack(name: str) -> Stack:
    """The stack as the rest of the program knows it. Raises StackError if there is none, or it is not readable."""
    return load_recipe(name).stack


def stack_names() -> tuple[str, ...]:
    """The stacks that there are recipes of, sorted."""
    return tuple(sorted(found.parent.name for found in directory('stacks').glob('*/stack.toml')))


def load_recipe(name: str) -> StackRecipe:
    """The recipe of the stack ``name``. Raises StackError that names the file, or the stacks that there are."""
    place = directory('stacks') / name
    table = _table(place)
    try:
        return StackRecipe(
            directory=place,
            stack=_stack(place, table),
            version=int(table['version']),
            suite=str(table['suite']),
            user=str(table['user']),
            home=str(table['home']),
            locales=tuple(map(str, table['locales'])),
            bootstrap_node=str(table['bootstrap_node']),
            env=_strings(table['env']),
            build_env=_strings(table['build_env']),
            run_packages=packages(_read(place / 'packages-run.txt')),
            build_packages=packages(_read(place / 'packages-build.txt')),
        )
    except KeyError as error:
        raise StackError(f'{place / "stack.toml"}: {error.args[0]} is missing') from error
    except (TypeError, ValueError, AttributeError) as error:
        raise StackError(f'{place / "stack.toml"}: a value is of the wrong kind: {error}') from error


def packages(text: str) -> tuple[str, ...]:
    """The names in a package list: one a line, ``#`` begins a comment."""
    names = (line.partition('#')[0].strip() for line in text.splitlines())
    return tuple(name for name in names if name)


def versions(installed: str, package: re.Pattern[str]) -> tuple[str, ...]:
    """The exact versions of a language in a list of ``package=version`` lines, the newest last."""
    found = (match[1] for line in installed.splitlines() if (match := package.match(line)))
    return tuple(sorted(found, key=lambda version: [int(number) for number in version.split('.')]))


def digest(recipe: StackRecipe, circumstances: Iterable[str]) -> str:
    """What the images depend on, as hexadecimal SHA-256: the recipe's files and the host's ``circumstances``."""
    parts = [f'format {FORMAT}', *(_read(recipe.file(name)) for name in INGREDIENTS), *circumstances]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _table(place: Path) -> dict[str, Any]:
    path = place / 'stack.toml'
    if not path.is_file():
        known = ', '.join(stack_names()) or 'none'
        raise StackError(f'there is no stack "{place.name}"; there are: {known} (in {place.parent})')
    try:
        return tomllib.loads(_read(path))
    except tomllib.TOMLDecodeError as error:
        raise StackError(f'{path} is not valid TOML: {error}') from error


def _stack(place: Path, table: Mapping[str, Any]) -> Stack:
    path = place / 'installed-build.txt'
    lists = (path, place / 'installed-rust.txt', place / 'installed-php.txt')
    installed, rust, php = (_read(one) if one.exists() else '' for one in lists)
    return Stack(
        name=str(table['name']),
        run_image=str(table['run_image']),
        build_image=str(table['build_image']),
        uid=int(table['uid']),
        pythons=versions(installed, PYTHON),
        rubies=versions(installed, RUBY),
        gos=versions(installed, GO),
        javas=versions(installed, JAVA),
        gradles=versions(installed, GRADLE),
        rusts=versions(rust, RUST),
        phps=versions(php, PHP),
    )


def _strings(table: Mapping[str, Any]) -> Mapping[str, str]:
    return {str(key): str(value) for key, value in table.items()}


def _read(path: Path) -> str:
    try:
        return path.read_text('utf-8')
    except OSError as error:
        raise StackError(f'cannot read {path}: {error.strerror}') from error
