"""An app's own Dockerfile: what is built instead of it, and what is told."""

import pytest

from gitreceive.build.buildpack import load_buildpacks
from gitreceive.build.planning import Planned, Planner
from gitreceive.model.errors import DetectError
from gitreceive.model.plan import Stack
from tests.fakes import FakeSource

STACK = Stack(name='cedar-12', run_image='run', build_image='gitreceive/cedar:12-build', uid=1000)


def planned(files: dict[str, str | bytes], **env: str) -> Planned:
    return Planner(buildpacks=load_buildpacks(), stack=STACK).plan(FakeSource(files), env)


def refusal(dockerfile: str | bytes) -> str:
    with pytest.raises(DetectError) as error:
        planned({'Dockerfile': dockerfile})
    return str(error.value)


def test_it_is_the_recipe_and_sees_the_code_alone() -> None:
    text = 'FROM gitreceive/cedar:12\nCOPY . /app\nCMD ["run"]\n'
    found = planned({'Dockerfile': text, 'a': 'a', 'b.log': 'b', '.dockerignore': '*.log'})
    assert (found.recipe.dockerfile, found.recipe.code, found.recipe.files) == (text, '', ())
    assert found.recipe.bases == ('gitreceive/cedar:12',)
    assert [file.path for file in found.source.files()] == ['.dockerignore', 'a']
    assert (found.plan.processes[0].command, found.plan.processes_from) == ('run', 'CMD of the Dockerfile')


def test_the_base_image_of_2015_is_the_stack_with_its_user_taken_away() -> None:
    text = '# syntax=x\nFROM heroku/cedar:14 AS a\r\nRUN <<EOF\nFROM heroku/cedar:14\nEOF\nFROM heroku/cedar\nCMD x'
    found = planned({'Dockerfile': text})
    bare = 'USER root\nWORKDIR /\nRUN ["userdel", "app"]'
    assert found.recipe.dockerfile == (
        f'FROM gitreceive/cedar:12-build AS a\n{bare}\nRUN <<EOF\nFROM heroku/cedar:14\nEOF\n'
        f'FROM gitreceive/cedar:12-build\n{bare}\nCMD x'
    )
    assert any('"# syntax=" line is not used' in note for note in found.plan.notes)
    assert 'FROM heroku/cedar is answered with gitreceive/cedar:12-build.' in found.plan.notes


def test_a_line_that_a_conflict_has_too_is_none_in_a_here_document() -> None:
    text = 'FROM gitreceive/cedar:12\nCOPY <<EOF /app/title\nTitle\n=======\nEOF\nCMD ["run"]\n'
    assert planned({'Dockerfile': text}).recipe.dockerfile == text


def test_the_other_file_that_heroku_builds_from_is_named() -> None:
    files: dict[str, str | bytes] = {
        'Dockerfile': 'FROM a\nCMD b',
        'heroku.yml': 'build:\n  docker:\n    web: Dockerfile',
    }
    assert any(note.startswith('heroku.yml is not read') for note in planned(files).plan.notes)


def test_a_procfile_wins_over_cmd() -> None:
    found = planned({'Dockerfile': 'FROM a\nCMD x', 'Procfile': 'web: y'}, TOKEN='x')
    assert [process.command for process in found.plan.processes] == ['y']
    assert any('Config vars are not given' in note for note in found.plan.notes)


@pytest.mark.parametrize(
    ('dockerfile', 'said'),
    [
        (b'FROM a\n' + b'#' * 1_000_000, 'Dockerfile has 1,000,007 bytes; at most 1,000,000 are read'),
        (b'FROM \xff', 'Dockerfile is not UTF-8 (byte 5)'),
        (b'FROM a\0', 'zero byte'),
        ('FROM a\n<<<<<<< HEAD\nCMD b\n=======\nCMD c\n>>>>>>> x\n', 'a merge conflict marker (line 2)'),
        ('FROM a\nRUN x', 'add CMD to the Dockerfile, or a Procfile'),
        ('FROM a\nCMD ["\\u0007"]', 'add CMD to the Dockerfile, or a Procfile'),
        ('FROM a\nADD http://x /y\nCMD x', 'line 2: ADD of an address'),
    ],
)
def test_what_is_not_built_is_refused(dockerfile: str | bytes, said: str) -> None:
    assert said in refusal(dockerfile)
