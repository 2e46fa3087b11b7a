"""What tools say when they fail, as they said it, and what is told of it: every cause has an example.

``causes/<buildpack>/<case>.txt`` has the last lines of a failed step and, above a line ``----``, what has to be told
of them. ``shared`` are those of every platform. More examples stand in the tests of single buildpacks: in each test here
that is given ``said`` and ``cause``.
"""

import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from gitreceive.build.buildpack import load_buildpacks
from gitreceive.build.causes import CAUSES

FOLDER = Path(__file__).parent / 'causes'
CASES = sorted(FOLDER.glob('*/*.txt'))
BUILDPACKS = {buildpack.name: buildpack for buildpack in load_buildpacks()}
BESIDE = sorted(Path(__file__).parent.glob('test_*_*.py'))


def read(case: Path) -> tuple[str, str]:
    """What is told, and what was said."""
    told, _, said = case.read_text().partition('\n----\n')
    return told, said.rstrip('\n')


def examples() -> Iterator[tuple[str, str]]:
    """All that there are: the buildpack, and what was said."""
    for case in CASES:
        yield ('minimal' if case.parent.name == 'shared' else case.parent.name), read(case)[1]
    for path in BESIDE:
        for said in column(f'tests.unit.buildpacks.{path.stem}', 'said'):
            yield path.stem.split('_')[1], said
    told = 'tests.unit.build.test_buildpack'
    yield from zip(column(told, 'buildpack'), column(told, 'line'), strict=True)


def column(module: str, name: str) -> Iterator[str]:
    """What the tests of a module get for ``name`` that are given a ``cause``, too."""
    for test in vars(import_module(module)).values():
        for mark in getattr(test, 'pytestmark', ()):
            if mark.name == 'parametrize' and {name, 'cause'}.issubset(mark.args[0]):
                yield from (row[mark.args[0].index(name)] for row in mark.args[1])


def first(name: str, said: str) -> str:
    """The regular expression that explains it."""
    table = (*getattr(BUILDPACKS[name].module, 'CAUSES', ()), *CAUSES)
    return next((found for found, _ in table if re.search(found, said, re.MULTILINE)), '')


@pytest.mark.parametrize('case', CASES, ids=lambda case: f'{case.parent.name}/{case.stem}')
def test_what_a_tool_says_becomes_a_cause_and_a_remedy(case: Path) -> None:
    told, said = read(case)
    name = 'minimal' if case.parent.name == 'shared' else case.parent.name
    assert BUILDPACKS[name].explain('a step', said.split('\n')[-30:]) == told


@pytest.mark.parametrize('name', ['shared', *BUILDPACKS])
def test_every_cause_has_an_example_that_no_earlier_one_explains(name: str) -> None:
    table = CAUSES if name == 'shared' else getattr(BUILDPACKS[name].module, 'CAUSES', ())
    explained = {first(other, said) for other, said in examples()}
    without = [found for found, _ in table if found not in explained]
    assert without == [], f'write into {FOLDER.name}/{name}/CASE.txt what a tool says then'
