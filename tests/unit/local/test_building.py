"""What the images of a directory are called and made of."""

import subprocess
from pathlib import Path

import pytest

from gitreceive.errors import BadCommand
from gitreceive.local.building import Built, app_name, directory_source, run_dockerfile
from gitreceive.model import APP_NAME, AppName, Image, Plan, ProcessType, Recipe, Stack
from gitreceive.planning import Planned
from tests.fakes import FakeSource


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


def planned(plan: Plan) -> Planned:
    return Planned(plan=plan, recipe=Recipe(dockerfile=''), source=FakeSource(), buildpacks=())
