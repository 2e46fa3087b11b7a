"""What tools say when they fail, as they said it, and what is told of it: every cause has an example.

``causes/<buildpack>/<case>.txt`` has the last lines of a failed step and, above a line ``----``, what has to be told
of them. ``shared`` are those of every platform. More examples stand in the tests of single buildpacks.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from gitreceive.buildpack import CAUSES, load_buildpacks
from tests.unit import test_buildpack
from tests.unit.buildpacks import (
    test_deno_plan,
    test_go_plan,
    test_java_causes,
    test_php_plan,
    test_ruby_plan,
    test_rust_plan,
    test_scala_plan,
)

FOLDER = Path(__file__).parent / 'causes'
CASES = sorted(FOLDER.glob('*/*.txt'))
BUILDPACKS = {buildpack.name: buildpack for buildpack in load_buildpacks()}
BESIDE = {
    'deno': test_deno_plan,
    'go': test_go_plan,
    'java': test_java_causes,
    'php': test_php_plan,
    'ruby': test_ruby_plan,
    'rust': test_rust_plan,
    'scala': test_scala_plan,
}


def read(case: Path) -> tuple[str, str]:
    """What is told, and what was said."""
    told, _, said = case.read_text().partition('\n----\n')
    return told, said.rstrip('\n')


def examples() -> Iterator[tuple[str, str]]:
    """All that there are: the buildpack, and what was said."""
    for case in CASES:
        yield ('minimal' if case.parent.name == 'shared' else case.parent.name), read(case)[1]
    for name, module in BESIDE.items():
        for given in parameters(module.test_a_failed_step_is_told_with_its_cause_and_a_remedy):
            yield name, given['said']
    for given in parameters(test_buildpack.test_the_last_lines_of_a_step_become_a_cause_and_a_remedy):
        yield given['buildpack'], given['line']


def parameters(test: object) -> list[dict[str, str]]:
    """What a test is given, by name."""
    names, rows = test.pytestmark[0].args  # type: ignore[attr-defined]
    return [dict(zip(names, row, strict=True)) for row in rows]


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
