"""What the Bun buildpack plans, from package.json and what lies beside it."""

import json

import pytest

from gitreceive.build.buildpack import load_buildpacks
from gitreceive.build.dockerfiles.render import render_dockerfile
from gitreceive.model.errors import DetectError
from gitreceive.model.plan import Plan, Stack
from tests.fakes import FakeSource

STACK = Stack(name='cedar-12', run_image='run', build_image='build', uid=1000, pythons=('3.11.2',))
BUN = next(buildpack for buildpack in load_buildpacks() if buildpack.name == 'bun')
START = {'scripts': {'start': 'bun index.ts'}}
BUILD = {'scripts': {'start': 'x', 'build': 'y'}}


def source(package: object, files: dict[str, str | bytes] | None = None) -> FakeSource:
    return FakeSource({'package.json': json.dumps(package), 'bun.lock': '', **(files or {})})


def plan(package: object, files: dict[str, str | bytes] | None = None, **env: str) -> Plan:
    return BUN.plan(source(package, files), STACK, env)


@pytest.mark.parametrize('name', ['package-lock.json', 'yarn.lock', 'pnpm-lock.yaml', 'requirements.txt'])
def test_an_app_that_is_anothers_too_is_left_to_others(name: str) -> None:
    assert BUN.detect(source(START)) == 'bun.lock'
    assert BUN.detect(source(START, {name: ''})) is None
    assert BUN.detect(FakeSource({'bun.lock': ''})) is None


@pytest.mark.parametrize(
    ('package', 'files', 'wanted', 'where'),
    [
        ({}, {}, '1.x', 'default; set engines.bun in package.json to choose'),
        ({'packageManager': 'bun@1.2.3', 'engines': {'bun': '1.1'}}, {}, '1.2.3', 'packageManager'),
        ({'engines': {'bun': '>=1.1 <2'}}, {'.bun-version': '1.0.0'}, '>=1.1 <2', 'engines.bun'),
        ({}, {'.bun-version': 'v1.0.25\n'}, '1.0.25', '.bun-version'),
    ],
)
def test_the_version_and_who_asks_for_it(
    package: dict[str, object], files: dict[str, str | bytes], wanted: str, where: str
) -> None:
    choice = plan(START | package, files).choices[0]
    assert (choice.wanted, choice.source) == (wanted, where)


@pytest.mark.parametrize('said', ['$(id)', '1.x; id', '1\nRUN id', '--x', '9' * 300, 'canary'])
def test_a_version_that_is_none_is_refused(said: str) -> None:
    for package, files in (({'engines': {'bun': said}}, {}), ({}, {'.bun-version': said})):
        with pytest.raises(DetectError, match=r'no range of versions: write one such as "1\.x"'):
            plan(START | package, dict(files))
    with pytest.raises(DetectError, match="the lock file is Bun's"):
        plan(START | {'packageManager': said})


def test_dependencies_of_development_are_there_for_a_build_script_and_pruned_after_it() -> None:
    values = plan(START).values
    assert (values['install'], values['build'], values['prune']) == (
        ('install', '--frozen-lockfile', '--production'),
        (),
        False,
    )
    built = plan(BUILD).values
    assert (built['install'], built['build'], built['prune']) == (
        ('install', '--frozen-lockfile'),
        ('build',),
        True,
    )
    assert plan(BUILD, NODE_ENV='development').values['prune'] is False
    assert plan(BUILD | {'trustedDependencies': ['x']}).values['prune'] is False


@pytest.mark.parametrize(
    ('package', 'files'),
    [
        ({'scripts': {'start': 'x', 'postinstall': 'y'}}, {}),
        (START | {'workspaces': ['a']}, {}),
        (START | {'workspaces': ['a']}, {'a/package.json': '{"scripts": {"postinstall": "x"}}'}),
        (START | {'workspaces': ['a'], 'patchedDependencies': {'ms': 'x'}}, {'a/package.json': '{}'}),
        (START | {'patchedDependencies': {'ms@2.1.3': 'x/ms.patch'}}, {}),
        (START | {'dependencies': {'a': 'file:../a'}}, {}),
        (START, {'patches/a.patch': ''}),
    ],
)
def test_the_code_comes_first_where_installing_needs_it(
    package: object, files: dict[str, str | bytes]
) -> None:
    assert plan(package, files).values['tree_first'] is True
    assert plan(START).values['tree_first'] is False


@pytest.mark.parametrize('listed', [['apps/*'], {'packages': ['./apps/*'], 'catalog': {'ms': '2.1.3'}}])
def test_of_workspaces_the_manifests_come_first_and_the_code_after_what_is_installed(listed: object) -> None:
    package = START | {'workspaces': listed, 'devDependencies': {'a': 'workspace:*'}}
    found = plan(package, {'apps/a/package.json': '{"name": "a"}', 'apps/a/index.ts': ''})
    assert (found.values['tree_first'], found.values['workspaces']) == (False, ('apps/a',))
    text = render_dockerfile(found, BUN, STACK).dockerfile
    steps = ('["src/apps/a/package.json", "/app/src/apps/a/"]', '/tmp/buildpack/bun"', '["src", "/app/src"]')
    places = [text.index(step) for step in steps]
    assert places == sorted(places)


def test_an_app_is_started_by_its_script_or_its_server() -> None:
    assert plan(START).processes[0].command == 'bun run start'
    assert plan({}, {'index.js': '', 'server.ts': ''}).processes[0].command == 'bun server.ts'
    assert plan({}, {'Procfile': 'web: x'}).processes == ()
    with pytest.raises(DetectError, match='add a "start" script'):
        plan({})
    assert any(
        'node_modules is in the repository' in note for note in plan(START, {'node_modules/a/b': ''}).notes
    )
