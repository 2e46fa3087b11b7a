"""What the Node.js buildpack plans, from package.json and what lies beside it."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitreceive.buildpack import load_buildpacks
from gitreceive.errors import DetectError
from gitreceive.model import Plan, Stack
from tests.fakes import FakeSource

STACK = Stack(name='cedar-12', run_image='run', build_image='build', uid=1000, pythons=('3.11.2',))
NODE = next(buildpack for buildpack in load_buildpacks() if buildpack.name == 'node')
START = {'scripts': {'start': 'node index.js'}}
LOCK = {'package-lock.json': '{}'}


def plan(package: object, files: dict[str, str | bytes] | None = None, **env: str) -> Plan:
    manifest = package if isinstance(package, str | bytes) else json.dumps(package)
    return NODE.plan(FakeSource({'package.json': manifest, **(files or {})}), STACK, env)


def refusal(package: object, files: dict[str, str | bytes] | None = None) -> str:
    with pytest.raises(DetectError) as error:
        plan(package, files)
    return str(error.value)


def test_without_engines_the_line_in_long_term_support_is_used_and_said() -> None:
    choice = plan(START).choices[0]
    assert choice.wanted == '24.x'
    assert 'default' in choice.source


@pytest.mark.parametrize(
    'wanted', ['>=20 <23', '0.12.x', '^18.2 || 20', '22.11.0', 'v20', '18 - 22', '~22.1', '*']
)
def test_ranges_are_passed_on_as_they_are(wanted: str) -> None:
    found = plan(START | {'engines': {'node': wanted, 'npm': '10.x'}})
    assert [(choice.tool, choice.wanted, choice.source) for choice in found.choices] == [
        ('Node.js', wanted, 'engines.node'),
        ('npm', '10.x', 'engines.npm'),
    ]
    assert found.values['versions'] == (wanted, '10.x')


@pytest.mark.parametrize(
    'wanted', ['lts/*', 'latest', '>=20 <banana', 'npm:other@1', '1.2.3.4', '--x', '8' * 300]
)
def test_what_is_no_range_is_refused_before_anything_is_built(wanted: str) -> None:
    said = refusal(START | {'engines': {'node': wanted}})
    assert 'engines.node' in said
    assert 'no range of versions: write one such as' in said
    assert len(said) < 300


def test_npm_of_package_manager_is_used_unless_engines_say_otherwise() -> None:
    pinned = START | {'packageManager': 'npm@10.8.2+sha512.abc'}
    assert plan(pinned).values['versions'] == ('24.x', '10.8.2')
    assert plan(pinned | {'engines': {'npm': '11.x'}}).values['versions'] == ('24.x', '11.x')


def test_a_lock_file_means_npm_ci_and_its_absence_a_note() -> None:
    assert plan(START, LOCK).values['install'] == ('ci', '--omit=dev')
    assert not plan(START, LOCK).notes
    without = plan(START)
    assert without.values['install'] == ('install', '--no-package-lock', '--omit=dev')
    assert any('no package-lock.json' in note for note in without.notes)


def test_dependencies_of_development_are_there_for_a_build_script_and_pruned_after_it() -> None:
    values = plan({'scripts': {'start': 'x', 'build': 'y'}}, LOCK).values
    assert values['install'] == ('ci', '--include=dev')
    assert (values['after'], values['prune'], values['tree_first']) == (('build',), True, False)
    assert values['needs_source_version'] is True


def test_heroku_postbuild_replaces_build_and_heroku_prebuild_comes_first() -> None:
    scripts = {'start': 'x', 'build': 'y', 'heroku-postbuild': 'z', 'heroku-prebuild': 'w'}
    values = plan({'scripts': scripts}).values
    assert (values['before'], values['after'], values['tree_first']) == (
        ('heroku-prebuild',),
        ('heroku-postbuild',),
        True,
    )


@pytest.mark.parametrize('env', [{'NPM_CONFIG_PRODUCTION': 'false'}, {'NODE_ENV': 'development'}])
def test_config_vars_keep_the_dependencies_of_development(env: dict[str, str]) -> None:
    values = plan({'scripts': {'start': 'x', 'build': 'y'}}, LOCK, **env).values
    assert values['install'] == ('ci', '--include=dev')
    assert values['prune'] is False


@pytest.mark.parametrize(
    ('package', 'files'),
    [
        ({'scripts': {'start': 'x', 'postinstall': 'y'}}, {}),
        ({'scripts': {'start': 'x', 'prepare': 'y'}}, {}),
        (START | {'workspaces': ['a']}, {}),
        (START | {'dependencies': {'a': 'file:../a'}}, {}),
        (START | {'dependencies': {'a': './a'}}, {}),
        (START, {'binding.gyp': '{}'}),
        (START, {'prisma/schema.prisma': ''}),
        (START, {'node_modules/a/package.json': '{}'}),
    ],
)
def test_the_code_comes_first_where_installing_needs_it(
    package: object, files: dict[str, str | bytes]
) -> None:
    assert plan(package, files).values['tree_first'] is True


@pytest.mark.parametrize(
    'path', ['node_modules/.package-lock.json', 'node_modules/a/index.js', 'node_modules/@a/b/index.js']
)
def test_a_committed_node_modules_is_told_and_not_used(path: str) -> None:
    found = plan(START, {path: ''})
    assert any('node_modules is in the repository and is not used' in note for note in found.notes)
    assert found.values['tree_first'] is True


@pytest.mark.parametrize(
    ('other', 'tool'),
    [('yarn.lock', 'Yarn'), ('pnpm-lock.yaml', 'pnpm'), ('bun.lockb', 'Bun'), ('bun.lock', 'Bun')],
)
def test_two_lock_files_are_refused_by_name(other: str, tool: str) -> None:
    said = refusal(START, {**LOCK, other: ''})
    assert f'two lock files, package-lock.json (npm) and {other} ({tool})' in said
    assert f'delete {other} if you use npm' in said
    alone = refusal(START, {other: ''})
    assert f'this app uses {tool} ({other})' in alone
    assert 'commit package-lock.json' in alone


def test_another_package_manager_is_refused_by_name() -> None:
    assert 'this app uses pnpm (packageManager in package.json)' in refusal(
        START | {'packageManager': 'pnpm@9.1.0'}
    )


def test_two_lock_files_of_npm_are_refused() -> None:
    assert 'delete package-lock.json' in refusal(START, LOCK | {'npm-shrinkwrap.json': '{}'})


def test_server_js_alone_needs_nothing_installed() -> None:
    found = NODE.plan(FakeSource({'server.js': ''}), STACK, {})
    assert found.values['install'] == ()
    assert [process.command for process in found.processes] == ['node server.js']


def test_an_app_that_cannot_be_started_is_refused_with_what_to_add() -> None:
    assert 'add a "start" script to package.json, or a Procfile' in refusal({'name': 'x'})


def test_a_start_script_is_not_needed_with_a_procfile() -> None:
    assert plan({'name': 'x'}, {'Procfile': 'web: a'}).processes == ()


@pytest.mark.parametrize(
    ('package', 'said'),
    [
        ('{"name": "x",}', 'package.json is not JSON: '),
        ('{\n  "a": 1\n  "b": 2\n}', '(line 3, column 3)'),
        ('{\n<<<<<<< HEAD\n}', 'merge conflict marker (line 2)'),
        ('[]', 'package.json holds an array, not an object'),
        ('"text"', 'package.json holds a string, not an object'),
        ('null', 'package.json holds null, not an object'),
        ('', 'package.json is not JSON'),
        (b'{"name": "\xff"}', 'package.json is not UTF-8 (byte 10)'),
        ('[' * 100_000, 'nested too deep'),
        ('{"a": ' + '9' * 5000 + '}', 'not usable JSON'),
        ('{"engines": "24"}', '"engines" in package.json is a string, not an object'),
        ('{"engines": {"node": 24}}', '"engines.node" in package.json is a number, not a string'),
        ('{"scripts": {"start": ["a"]}}', '"scripts.start" in package.json is an array, not a string'),
        ('{"scripts": true}', '"scripts" in package.json is true or false, not an object'),
        ('{"scripts": {"start": "x"}, "dependencies": []}', '"dependencies" in package.json is an array'),
    ],
)
def test_a_broken_package_json_is_refused_with_the_place(package: str | bytes, said: str) -> None:
    text = refusal(package)
    assert said in text
    assert len(text) < 300


def test_a_broken_lock_file_is_refused_with_the_place() -> None:
    assert 'package-lock.json has a merge conflict marker (line 2)' in refusal(
        START, {'package-lock.json': '{\n=======\n}'}
    )


def test_a_manifest_of_more_than_ten_megabytes_is_refused() -> None:
    assert 'package.json has 10,000,012 bytes' in refusal('{"a": "' + 'x' * 10_000_000 + '"}xxx')


def test_a_byte_order_mark_does_not_matter() -> None:
    assert plan(b'\xef\xbb\xbf{"scripts": {"start": "x"}}').processes


def test_a_token_in_npmrc_is_pointed_out() -> None:
    assert any(
        '.npmrc holds a token' in note for note in plan(START, {'.npmrc': '//host/:_authToken=abc'}).notes
    )
    assert not any(
        'token' in note for note in plan(START, {'.npmrc': '//host/:_authToken=${NPM_TOKEN}'}).notes
    )


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    [
                        'engines',
                        'scripts',
                        'node',
                        'start',
                        'dependencies',
                        'packageManager',
                        'workspaces',
                        'x',
                    ]
                ),
                inner,
                max_size=4,
            )
        ),
    )
)
def test_any_json_is_planned_or_refused(package: object) -> None:
    try:
        found = plan(package)
    except DetectError as error:
        assert len(str(error)) < 400
        return
    for value in found.values.values():
        assert isinstance(value, str | bool) or all(isinstance(word, str) for word in value)
