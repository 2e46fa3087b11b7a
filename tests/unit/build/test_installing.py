"""A config var that no installing step can use changes nothing for those steps."""

import pytest

from gitreceive.build.buildpack import load_buildpacks
from gitreceive.build.installing import install_names
from gitreceive.build.planning import Planner
from gitreceive.stack import load_stack
from tests.fakes import FakeSource

PLANNER = Planner(buildpacks=load_buildpacks(), stack=load_stack('cedar-12'))
NODE: dict[str, str | bytes] = {'package.json': '{"scripts": {"start": "x"}}', 'package-lock.json': '{}'}
PYTHON: dict[str, str | bytes] = {'requirements.txt': 'flask\n', 'Procfile': 'web: x'}


def names(files: dict[str, str | bytes], **env: str) -> set[str]:
    return set(PLANNER.plan(FakeSource(files), env).recipe.install_env)


@pytest.mark.parametrize(
    ('files', 'env', 'used'),
    [
        (PYTHON, {'PIP_INDEX_URL': 'x', 'DATABASE_URL': 'y', 'GREETING': 'z'}, {'PIP_INDEX_URL'}),
        (NODE, {'NPM_TOKEN': 'x', 'NODE_ENV': 'y', 'DATABASE_URL': 'z'}, {'NPM_TOKEN', 'NODE_ENV'}),
        (NODE, {'HTTPS_PROXY': 'x', 'FOO': 'y'}, {'HTTPS_PROXY'}),
        ({**NODE, '.npmrc': '//r/:_authToken=${KEY}\n'}, {'KEY': 'x', 'KE': 'y', 'KEYS': 'z'}, {'KEY'}),
        ({**PYTHON, 'requirements.txt': '-e git+https://${T}@example.com/x\n'}, {'T': 'x'}, {'T'}),
        (
            PYTHON,
            {'INSTALL_ENV': 'FOO, BAR_*', 'FOO': '1', 'BAR_A': '2', 'X': '3'},
            {'INSTALL_ENV', 'FOO', 'BAR_A'},
        ),
    ],
)
def test_installing_gets_what_it_can_use(
    files: dict[str, str | bytes], env: dict[str, str], used: set[str]
) -> None:
    assert names(files, **env) == used


def test_what_app_json_sets_counts_too() -> None:
    files = {**PYTHON, 'app.json': '{"env": {"PIP_NO_BINARY": "psycopg2", "OTHER": "x"}}'}
    assert names(files) == {'PIP_NO_BINARY'}


@pytest.mark.parametrize('files', [NODE, PYTHON])
def test_the_step_that_installs_sees_those_and_the_scripts_of_the_app_see_all(
    files: dict[str, str | bytes],
) -> None:
    recipe = PLANNER.plan(FakeSource(files), {}).recipe
    (install,) = (line for line in recipe.dockerfile.splitlines() if '"ci"' in line or '"-r"' in line)
    assert 'source=install-env,target=/tmp/env' in install
    scripts = '{"scripts": {"start": "x", "postinstall": "y", "build": "z"}}'
    recipe = PLANNER.plan(FakeSource({**NODE, 'package.json': scripts}), {}).recipe
    assert 'source=install-env' not in recipe.dockerfile.partition('"run", "build"')[0]


def test_a_manifest_that_is_too_large_names_nothing() -> None:
    source = FakeSource({'.npmrc': b'${KEY}' + b' ' * 1_000_000})
    assert install_names(source, {'KEY': 'x'}, ()) == frozenset()
