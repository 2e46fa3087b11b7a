"""The receiver's recipe as files of an app's directory, and where they are not written."""

import json
import os
import re
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner

from gitreceive.build.buildpack import load_buildpacks
from gitreceive.build.planning import Planner
from gitreceive.build.sources.workdir import WorkingDirectory
from gitreceive.cli.init import init
from gitreceive.local.standalone import Standalone, standalone, write_standalone
from gitreceive.model.errors import DetectError, SettingsError, SourceError
from gitreceive.model.plan import ContextFile, Recipe
from gitreceive.model.process import ProcessType
from gitreceive.stack import load_stack

HOSTILE = 'x"]\nRUN ["id --mount=type=bind,source=env,target=/tmp/env ${PORT} $(id) src/'
APPS = Path(__file__).parents[2] / 'integration' / 'apps'
CASES = [
    place
    for place in sorted(APPS.glob('*/*/case.toml'))
    if not {'fails', 'lock'} & tomllib.loads(place.read_text()).keys()
]


def written(recipe: Recipe, web: ProcessType | None = None) -> list[str]:
    return standalone(recipe, web).dockerfile.splitlines()


def test_paths_of_the_receivers_context_become_those_of_the_directory() -> None:
    dockerfile = (
        'FROM build:12\n'
        'RUN --mount=type=bind,source=buildpack,target=/tmp/buildpack --mount=type=bind,source=env,target=/tmp/env '
        '--mount=type=bind,source=meta,target=/tmp/meta --mount=type=cache,id=npm,target=/tmp/cache/npm ["a", "b"]\n'
        'COPY --chown=app:app ["src/a", "src/b c", "/app/src/"]\n'
        'COPY ["src", "/app/src"]\n'
        'COPY --from=0 ["src", "/app/src"]\n'
        'WORKDIR /app\n'
    )
    assert written(Recipe(dockerfile=dockerfile)) == [
        'FROM build:12',
        'RUN --mount=type=bind,source=.gitreceive/buildpack,target=/tmp/buildpack '
        '--mount=type=cache,id=npm,target=/tmp/cache/npm ["a", "b"]',
        'COPY --chown=app:app ["a", "b c", "/app/src/"]',
        'COPY [".", "/app/src"]',
        'COPY --from=0 ["src", "/app/src"]',
        'WORKDIR /app',
    ]


def test_the_web_process_starts_as_it_does_at_the_receiver_and_stays_one_word() -> None:
    web = ProcessType(name='web', command=HOSTILE)
    lines = written(Recipe(dockerfile='FROM build:12\n'), web)
    assert len(lines) == 4
    assert json.loads(lines[-1].removeprefix('CMD ')) == ['bash', '/app/src/.gitreceive/start', HOSTILE]
    assert '$' not in lines[-1]


@pytest.mark.parametrize('case', CASES, ids=lambda case: f'{case.parent.parent.name}/{case.parent.name}')
def test_no_recipe_of_a_buildpack_keeps_a_path_of_the_receiver(case: Path) -> None:
    env = tomllib.loads(case.read_text()).get('env', {})
    planner = Planner(buildpacks=load_buildpacks(), stack=load_stack('cedar-12'))
    planned = planner.plan(WorkingDirectory(case.parent), env)
    made = standalone(planned.recipe, None)
    assert not re.search(
        r'source=(?!\.gitreceive/)|^(?!COPY .*--from=)COPY .*"src["/]', made.dockerfile, re.MULTILINE
    )
    names = {file.name for file in made.files}
    assert {f'.gitreceive/{file.name}' for file in planned.recipe.files} < names
    assert all(name.startswith('.gitreceive/') for name in names)


MADE = Standalone(
    dockerfile='FROM new\n',
    files=(ContextFile(name='.gitreceive/buildpack/run', content=b'#!/bin/sh\n', executable=True),),
    dockerignore='.env\n',
)


def test_files_are_written_with_their_modes_and_told(tmp_path: Path) -> None:
    found = write_standalone(MADE, tmp_path, force=False)
    assert [path.name for path in found] == ['Dockerfile', '.gitreceive', '.dockerignore']
    assert (tmp_path / 'Dockerfile').read_text() == 'FROM new\n'
    assert os.access(tmp_path / '.gitreceive' / 'buildpack' / 'run', os.X_OK)


@pytest.mark.parametrize('name', ['Dockerfile', '.gitreceive'])
def test_nothing_that_is_there_is_overwritten_without_force(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text('mine')
    with pytest.raises(SourceError, match=rf'{name} is there already: --force replaces it'):
        write_standalone(MADE, tmp_path, force=False)
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {name: 'mine'}


def test_force_replaces_all_but_the_dockerignore(tmp_path: Path) -> None:
    (tmp_path / '.dockerignore').write_text('mine')
    (tmp_path / '.gitreceive').mkdir()
    (tmp_path / '.gitreceive' / 'old').touch()
    (tmp_path / 'elsewhere').write_text('mine')
    (tmp_path / 'Dockerfile').symlink_to('elsewhere')
    found = write_standalone(MADE, tmp_path, force=True)
    assert [path.name for path in found] == ['Dockerfile', '.gitreceive']
    assert (tmp_path / '.dockerignore').read_text() == (tmp_path / 'elsewhere').read_text() == 'mine'
    assert (tmp_path / 'Dockerfile').read_text() == 'FROM new\n'
    assert not (tmp_path / '.gitreceive' / 'old').exists()


def test_what_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / 'file').touch()
    with pytest.raises(SourceError, match=r'^cannot write .*file/\.gitreceive.*: Not a directory'):
        write_standalone(MADE, tmp_path / 'file', force=False)


def test_a_template_is_chosen_by_name(tmp_path: Path) -> None:
    (tmp_path / 'package.json').write_text('{"scripts": {"start": "x"}}')
    (tmp_path / 'Procfile').write_text('web: ./serve')
    done = CliRunner().invoke(init, [str(tmp_path), '--template', 'minimal'], catch_exceptions=False)
    assert done.exit_code == 0
    assert '-----> Minimal app detected' in done.output
    assert f'wrote {tmp_path}/.dockerignore' in done.output
    written = (tmp_path / 'Dockerfile').read_text()
    assert '# docker run --init --env PORT=5000 ' in written
    assert 'CMD ["bash", "/app/src/.gitreceive/start", "./serve"]' in written


@pytest.mark.parametrize('other', ['package.json', '.buildpacks'])
def test_a_template_wins_over_whatever_else_the_app_is_or_asks_for(other: str, tmp_path: Path) -> None:
    (tmp_path / 'requirements.txt').touch()
    (tmp_path / 'Procfile').write_text('web: ./serve')
    (tmp_path / other).write_text('{"scripts": {"build": "x"}}')
    done = CliRunner().invoke(init, [str(tmp_path), '--template', 'python'], catch_exceptions=False)
    assert done.exit_code == 0
    assert '-----> Python app detected (requirements.txt)' in done.output
    assert 'install-node' not in (tmp_path / 'Dockerfile').read_text()


@pytest.mark.parametrize('name', ['cobol', 'dockerfile', 'classic'])
def test_a_template_that_is_none_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(
        SettingsError, match=rf'no template "{name}"; there are: bun, deno, .*minimal, node, '
    ):
        CliRunner().invoke(init, [str(tmp_path), '--template', name], catch_exceptions=False)


def test_for_a_template_that_does_not_fit_nothing_is_written(tmp_path: Path) -> None:
    (tmp_path / 'file').touch()
    with pytest.raises(
        DetectError, match=r'--template asks for python, and the app has none of requirements'
    ):
        CliRunner().invoke(init, [str(tmp_path), '--template', 'python'], catch_exceptions=False)
    assert os.listdir(tmp_path) == ['file']
