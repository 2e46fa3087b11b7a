"""The packages of an Aptfile are there before a platform's first step, and cost nothing where there are none."""

import pytest

from gitreceive.build.buildpack import load_buildpacks
from gitreceive.build.packages import package_set, with_packages
from gitreceive.build.planning import Planned, Planner
from gitreceive.model.plan import Recipe
from gitreceive.stack import load_stack
from tests.fakes import FakeSource

OLDER, NEWER = load_stack('cedar-12'), load_stack('cedar-13')
PLANNER = Planner(buildpacks=load_buildpacks(), stack=OLDER, others={'cedar-13': NEWER})
APTFILE = {'Aptfile': 'zbar-tools\nlibzbar0\n'}
APPS: dict[str, dict[str, str | bytes]] = {
    'python': {'requirements.txt': '', 'Procfile': 'web: x'},
    'node': {'package.json': '{"scripts": {"start": "x"}}'},
    'minimal': {'Procfile': 'web: ./x'},
    'go': {'go.mod': 'module x\n', 'main.go': 'package main\n'},
    'static': {'index.html': ''},
    'ruby': {
        'Gemfile': '',
        'Gemfile.lock': 'GEM\n  specs:\n\nPLATFORMS\n  ruby\n\nDEPENDENCIES\n',
        'Procfile': 'web: x',
    },
    'classic': {'bin/detect': '', 'bin/compile': '', 'Procfile': 'web: x'},
}


def planned(files: dict[str, str | bytes]) -> Planned:
    return PLANNER.plan(FakeSource(files), {})


@pytest.mark.parametrize('platform', APPS)
def test_every_platform_has_them_before_its_first_step(platform: str) -> None:
    found = planned({**APPS[platform], **APTFILE})
    assert found.plan.buildpack == platform
    assert found.recipe.packages == package_set(OLDER, ('libzbar0', 'zbar-tools'))
    before, _, _ = found.recipe.dockerfile.partition('RUN ')
    assert f'COPY --from={found.recipe.packages.image} --chown=app:app ["/app", "/app"]' in before
    assert 'ENV LD_LIBRARY_PATH=/app/.apt/usr/lib/x86_64-linux-gnu:' in before
    assert 'Aptfile asks for libzbar0, zbar-tools.' in found.plan.notes


def test_both_stages_have_them_where_node_makes_the_assets() -> None:
    files = {**APPS['python'], 'package.json': '{"scripts": {"build": "x"}}', **APTFILE}
    assert planned(files).recipe.dockerfile.count('COPY --from=gitreceive-apt/') == 2


def test_without_an_aptfile_nothing_changes() -> None:
    recipe = planned(APPS['python']).recipe
    assert recipe.packages is None
    assert '.apt' not in recipe.dockerfile


def test_a_dockerfile_of_the_apps_own_installs_by_itself() -> None:
    found = planned(
        {'Dockerfile': 'FROM heroku/cedar:14\nCOPY . /app/src\n', 'Procfile': 'web: x', **APTFILE}
    )
    assert found.recipe.packages is None
    assert any('Aptfile is not read where there is a Dockerfile' in note for note in found.plan.notes)


def test_the_image_is_that_of_the_packages_and_the_stack() -> None:
    one = package_set(OLDER, ('a', 'b')).image
    assert one == package_set(OLDER, ('a', 'b')).image
    assert len({one, package_set(NEWER, ('a', 'b')).image, package_set(OLDER, ('ab',)).image}) == 3


@pytest.mark.parametrize(
    'buildpacks',
    [
        'https://github.com/heroku/heroku-buildpack-apt\nhttps://github.com/heroku/heroku-buildpack-python\n',
        'heroku-community/apt\npython\n',
        'heroku-community/apt\n',
    ],
)
def test_the_buildpack_that_reads_aptfiles_elsewhere_is_part_of_every_platform(buildpacks: str) -> None:
    found = planned({**APPS['python'], **APTFILE, '.buildpacks': buildpacks})
    assert (found.plan.buildpack, bool(found.recipe.packages)) == ('python', True)


def test_a_recipe_without_packages_is_left_alone() -> None:
    recipe = Recipe(dockerfile='FROM x\nUSER app\n')
    assert with_packages(recipe, OLDER, ()) is recipe
