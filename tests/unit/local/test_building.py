"""What the images of a directory are called and made of."""

import subprocess
from pathlib import Path

import pytest

from gitreceive.build.buildpack import load_buildpacks
from gitreceive.build.dockerfiles.mark import INSTRUCTION
from gitreceive.build.planning import Planned, Planner
from gitreceive.local.building import (
    Built,
    app_name,
    build_directory,
    directory_source,
    run_dockerfile,
    with_generated,
)
from gitreceive.model.app import APP_NAME, AppName
from gitreceive.model.cancellation import BuildClock
from gitreceive.model.errors import BadCommand, DetectError
from gitreceive.model.plan import Plan, Recipe, Stack
from gitreceive.model.process import ProcessType
from gitreceive.model.slug import Image
from gitreceive.stack import load_stack
from tests.building import Lines
from tests.fakes import FakeBuilder, FakeSource


@pytest.mark.parametrize(
    ('directory', 'name'),
    [
        ('/home/me/My App', 'my-app-'),
        ('/home/me/hello', 'hello-'),
        ('/home/me/2048', 'app-2048-'),
        ('/home/me/Größe', 'gr-e-'),
        ('/home/me/___', 'app-'),
        ('/', 'app-'),
        ('/a-directory-with-quite-a-long-name', 'a-directory-with-qui-'),
        ('/123456789012345678901234567890', 'app-1234567890123456-'),
    ],
)
def test_an_apps_name_tells_its_directory_and_is_an_app_name(directory: str, name: str) -> None:
    found = app_name(Path(directory))
    assert APP_NAME.fullmatch(found)
    assert found[:-8] == name


def test_directories_of_one_name_are_two_apps() -> None:
    assert app_name(Path('/a/hello')) != app_name(Path('/b/hello'))
    assert app_name(Path('/a/hello')) == app_name(Path('/a/hello'))


def test_the_env_file_is_no_part_of_the_source_even_if_it_is_committed(tmp_path: Path) -> None:
    for name in ('.env', 'app.py', 'docs/.env'):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text('A=b\n')
    for words in (['init', '--quiet'], ['add', '--all']):
        subprocess.run(['git', '-C', str(tmp_path), *words], check=True)
    source = directory_source(tmp_path)
    assert [file.path for file in source.files()] == ['app.py', 'docs/.env']
    assert not source.exists('.env')


def test_app_of_the_built_image_goes_on_the_run_image() -> None:
    stack = Stack(name='cedar-12', run_image='run:12', build_image='build:12', uid=1000)
    assert run_dockerfile(stack, 'app/hello:1') == (
        'FROM run:12\nCOPY --from=app/hello:1 --chown=1000:1000 ["/app", "/app"]\n'
    )


def test_a_process_type_that_is_not_there_is_refused_with_those_that_are() -> None:
    processes = (ProcessType(name='web', command='serve'), ProcessType(name='worker', command='work'))
    plan = Plan(buildpack='minimal', title='Minimal', reason='Procfile', processes=processes)
    built = Built(app=AppName('hello'), planned=planned(plan), plan=plan, image=Image(id='sha256:1'))
    assert built.process('worker').command == 'work'
    with pytest.raises(BadCommand, match=r'^there is no process type "wrok"; there are: web, worker$'):
        built.process('wrok')


def test_the_code_is_marked_as_in_a_push_so_that_the_slug_is_the_same(tmp_path: Path) -> None:
    (tmp_path / 'Procfile').write_text('web: serve\n')
    stack = Stack(name='cedar-12', run_image='run:12', build_image='build:12', uid=1000)
    planner, builder = Planner(buildpacks=load_buildpacks(), stack=stack), FakeBuilder()
    build_directory(tmp_path, {}, planner, builder, Lines(), BuildClock(60))
    assert INSTRUCTION in builder.jobs[0].recipe.dockerfile


def test_the_steps_and_the_processes_get_what_app_json_sets_as_in_a_push(tmp_path: Path) -> None:
    (tmp_path / 'Procfile').write_text('web: serve\n')
    variables = '{"NODE_ENV": "staging", "TOKEN": {"generator": "secret"}, "OWN": "theirs", "KEY": {"required": true}}'
    (tmp_path / 'app.json').write_text(f'{{"env": {variables}}}')
    stack = Stack(name='cedar-12', run_image='run:12', build_image='build:12', uid=1000)
    planner, builder, console = Planner(buildpacks=load_buildpacks(), stack=stack), FakeBuilder(), Lines()
    built = build_directory(tmp_path, {'OWN': 'mine'}, planner, builder, console, BuildClock(60))
    config = builder.jobs[0].env
    assert (config['NODE_ENV'], config['OWN'], len(config['TOKEN'])) == ('staging', 'mine', 64)
    assert 'KEY' not in config
    assert 'app.json sets the config vars NODE_ENV, TOKEN' in console.details
    assert with_generated(built, console) == config


def test_a_subdirectory_without_an_app_is_called_one(tmp_path: Path) -> None:
    stack = Stack(name='cedar-12', run_image='run:12', build_image='build:12', uid=1000)
    planner = Planner(buildpacks=load_buildpacks(), stack=stack)
    (tmp_path / 'lib').mkdir()
    subprocess.run(['git', 'init', '--quiet', str(tmp_path)], check=True)
    told = f'its repository begins at {tmp_path}'
    for directory, wanted in ((tmp_path / 'lib', True), (tmp_path, False)):
        (directory / 'README').touch()
        with pytest.raises(DetectError) as caught:
            build_directory(directory, {}, planner, FakeBuilder(), Lines(), BuildClock(60))
        assert (told in str(caught.value)) is wanted


def planned(plan: Plan) -> Planned:
    return Planned(
        plan=plan,
        recipe=Recipe(dockerfile=''),
        source=FakeSource(),
        buildpacks=(),
        stack=load_stack('cedar-12'),
    )
