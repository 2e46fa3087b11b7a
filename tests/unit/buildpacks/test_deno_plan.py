"""What the Deno buildpack plans, from deno.json, package.json and what lies beside them."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitreceive.build.buildpack import load_buildpacks
from gitreceive.build.detect import choose_plan
from gitreceive.model.errors import DetectError
from gitreceive.model.plan import Plan, Stack
from tests.fakes import FakeSource

STACK = Stack(
    name='cedar-12', run_image='run', build_image='build', uid=1000, pythons=('3.11.2',), gos=('1.19.8',)
)
BUILDPACKS = load_buildpacks()
DENO = next(buildpack for buildpack in BUILDPACKS if buildpack.name == 'deno')
MAIN = {'main.ts': 'Deno.serve(() => new Response());'}
LOCKED = {'deno.lock': '{}', **MAIN}
START = json.dumps({'tasks': {'start': 'deno run -A main.ts'}})

Files = dict[str, str | bytes]


def plan(files: Files, **env: str) -> Plan:
    return DENO.plan(FakeSource(files), STACK, env)


def refusal(files: Files) -> str:
    with pytest.raises(DetectError) as error:
        plan(files)
    return str(error.value)


@pytest.mark.parametrize(
    ('files', 'buildpack'),
    [
        ({'deno.json': '{}'}, 'deno'),
        ({'deno.jsonc': '{}'}, 'deno'),
        ({'deno.lock': '{}'}, 'deno'),
        ({'deno.json': '{}', 'package.json': '{}'}, 'deno'),
        ({'deno.json': '{}', 'package.json': '{"scripts": {"start": "x"}}', 'yarn.lock': ''}, 'node'),
        ({'deno.json': '{}', 'package.json': '{}', 'bun.lock': '', 'index.ts': ''}, 'bun'),
        ({'deno.json': '{}', 'requirements.txt': '', 'Procfile': 'web: x'}, 'python'),
        ({'deno.json': '{}', 'go.mod': 'module a', 'main.go': 'package main'}, 'go'),
    ],
)
def test_an_app_is_denos_unless_deno_is_there_for_its_tools(files: Files, buildpack: str) -> None:
    assert choose_plan(FakeSource({**MAIN, **files}), BUILDPACKS, STACK, {}).buildpack == buildpack


def test_two_lock_files_are_refused_and_an_app_may_ask_for_deno_beside_another_lock_file() -> None:
    both = refusal({**LOCKED, 'package-lock.json': ''})
    assert both.startswith(
        'two lock files, deno.lock and package-lock.json, may say different things: delete'
    )
    files = {'deno.json': '{}', 'package.json': '{}', 'yarn.lock': '', **MAIN}
    asked = choose_plan(FakeSource(files), BUILDPACKS, STACK, {'BUILDPACK_URL': 'deno'})
    assert asked.buildpack == 'deno'


@pytest.mark.parametrize(
    ('files', 'wanted', 'where'),
    [
        ({}, '2.x', 'default; write one into .dvmrc to choose'),
        ({'.dvmrc': 'v2.9.6\n', '.tool-versions': 'deno 2.1.4'}, '2.9.6', '.dvmrc'),
        ({'.deno-version': '>=2.1 <3'}, '>=2.1 <3', '.deno-version'),
        ({'.tool-versions': '# tools\nnodejs 24.1.0\ndeno 2.1.4 # old\n'}, '2.1.4', '.tool-versions'),
        ({'.tool-versions': 'nodejs 24.1.0\n'}, '2.x', 'default; write one into .dvmrc to choose'),
    ],
)
def test_the_version_and_who_asks_for_it(files: Files, wanted: str, where: str) -> None:
    choice = plan({**LOCKED, **files}).choices[0]
    assert (choice.tool, choice.wanted, choice.source) == ('Deno', wanted, where)


@pytest.mark.parametrize('said', ['$(id)', '2.x; id', '--x', '9' * 300, 'canary', 'latest'])
def test_a_version_that_is_none_is_refused(said: str) -> None:
    for files in ({'.dvmrc': said}, {'.deno-version': said}, {'.tool-versions': f'deno {said.split()[0]}'}):
        if said.split()[0] != '2.x;' or '.tool-versions' not in files:
            assert 'which is no range of versions: write one such as "2.x"' in refusal({**LOCKED, **files})


@pytest.mark.parametrize(
    ('files', 'command', 'entries'),
    [
        ({'deno.json': START, **MAIN}, 'deno task start', ('main.ts',)),
        (
            {
                'deno.json': '{"tasks": {"start": {"command": "deno task on"}, "on": "deno serve ./web/a.tsx"}}',
                'web/a.tsx': '',
            },
            'deno task start',
            ('web/a.tsx',),
        ),
        (
            {'deno.json': '{}', 'package.json': '{"scripts": {"start": "deno run x.js"}}'},
            'deno task start',
            (),
        ),
        (
            {'deno.json': '{}', **MAIN, 'server.ts': ''},
            'DENO_SERVE_ADDRESS="tcp:0.0.0.0:$PORT" deno run --cached-only --allow-net --allow-env --allow-read=. main.ts',
            ('main.ts',),
        ),
        (
            {'deno.json': '{}', 'server.js': 'export default { fetch: () => new Response() };'},
            'deno serve --cached-only --allow-net --allow-env --allow-read=. --host 0.0.0.0 --port "$PORT" server.js',
            ('server.js',),
        ),
    ],
)
def test_an_app_is_started_by_its_task_or_its_server_and_what_that_imports_is_fetched(
    files: Files, command: str, entries: tuple[str, ...]
) -> None:
    found = plan(files)
    assert [(process.name, process.command) for process in found.processes] == [('web', command)]
    assert found.values['code_steps'] == (('cache', *entries) if entries else ())
    assert found.processes_from.startswith('No Procfile, so the default for Deno (')


def test_what_a_procfile_starts_is_fetched_too() -> None:
    procfile = 'web: deno task serve\nworker: deno run -A jobs/work.ts --log=../../etc/x.ts'
    tasks = '{"tasks": {"serve": "deno task serve && deno run -A main.ts", "test": "deno test a_test.ts"}}'
    found = plan({'deno.json': tasks, 'Procfile': procfile, 'jobs/work.ts': '', 'a_test.ts': '', **MAIN})
    assert (found.processes, found.values['code_steps']) == ((), ('cache', 'jobs/work.ts', 'main.ts'))


def test_the_lock_file_is_binding_where_there_is_one() -> None:
    assert plan(LOCKED).values['frozen'] == ('--frozen',)
    assert plan(LOCKED).values['code_steps'] == ('cache', '--frozen', 'main.ts')
    assert plan(LOCKED).notes == ()
    without = plan({'deno.json': '{}', **MAIN})
    assert without.values['frozen'] == ()
    assert 'There is no deno.lock' in without.notes[0]
    assert plan({'deno.json': '{"lock": false}', **LOCKED}).notes == ()
    own = plan({'deno.json': '{"lock": {"path": "./other.lock"}}', 'other.lock': '{}', **MAIN}).values
    assert (own['frozen'], own['manifests']) == (('--frozen',), ('deno.json', 'other.lock'))


@pytest.mark.parametrize(
    'files',
    [
        {'deno.json': '{"workspace": ["./a"]}'},
        {'deno.json': '{"vendor": true}'},
        {'deno.json': '{"importMap": "maps/all.json"}', 'maps/all.json': '{}'},
        {'deno.json': '{"lock": "locks/deno.lock"}', 'locks/deno.lock': '{}'},
        {'package.json': '{"workspaces": ["a"]}'},
        {'package.json': '{"scripts": {"postinstall": "x"}}'},
        {'package.json': '{"dependencies": {"a": "file:../a"}}'},
        {'node_modules/a/b': ''},
    ],
)
def test_the_code_comes_first_where_installing_needs_it(files: Files) -> None:
    assert plan({**LOCKED, **files}).values['tree_first'] is True
    assert plan({**LOCKED, 'deno.json': '{}'}).values['tree_first'] is False


def test_a_task_that_builds_is_run_with_the_commit() -> None:
    values = plan({'deno.json': '{"tasks": {"build": "vite build"}}', **MAIN}).values
    assert values['code_steps'] == ('cache', 'main.ts', 'then', 'task', 'build')
    assert values['needs_source_version'] is True
    tasks = '{"tasks": {"build": "vite build", "start": "vite preview"}}'
    assert plan({'deno.json': tasks}).values['code_steps'] == ('task', 'build')
    assert plan(LOCKED).values['needs_source_version'] is False


@pytest.mark.parametrize(
    ('files', 'said'),
    [
        ({'deno.json': '{}'}, 'add a task "start" to deno.json'),
        ({'deno.json': '{}', 'deno.jsonc': '{}', **MAIN}, 'delete the one that is not used'),
        ({'deno.json': '{"imports": {', **MAIN}, 'deno.json is not JSON'),
        ({'deno.jsonc': '[]', **MAIN}, 'deno.jsonc holds an array, not an object'),
        (
            {'deno.json': '{}', 'package.json': '{"scripts": []}', **MAIN},
            '"scripts" in package.json is an array',
        ),
        ({'deno.json': '<<<<<<< HEAD\n{}', **MAIN}, 'merge conflict marker (line 1)'),
    ],
)
def test_what_cannot_be_built_or_started_is_refused_with_what_to_do(files: Files, said: str) -> None:
    assert said in refusal(files)


def test_a_configuration_may_have_comments_and_last_commas() -> None:
    text = '{ // c\n "tasks": {"start": "deno run http://x/*y*/,}", /* , */ }, // "\n "lock": "a,]", /* }\n */\n}'
    found = plan({'deno.jsonc': text, 'a,]': '{}', 'http:': ''})
    assert found.processes[0].command == 'deno task start'
    assert found.values['manifests'] == ('deno.jsonc', 'a,]')


@pytest.mark.parametrize('part', ['/*', ',/**/', '"\\"', ', ', '*/', '//'])
def test_a_configuration_of_many_open_ends_is_refused_all_the_same(part: str) -> None:
    """Not in a time that grows with the square of its size: this would be hours."""
    told = refusal({'deno.json': '{' + part * 1_000_000, **MAIN})
    assert 'deno.json is not JSON' in told or 'deno.json holds more than' in told


def test_what_the_pusher_should_know_is_told() -> None:
    notes = ' '.join(plan({**LOCKED, 'package.json': '{}', 'node_modules/a/b': ''}).notes)
    assert 'node_modules is in the repository' in notes
    assert 'BUILDPACK_URL=node makes this a Node.js app' in notes


@pytest.mark.parametrize(
    ('said', 'cause'),
    [
        (
            'error: The lockfile is out of date. Run `deno install --frozen=false`, or rerun with `--frozen=false` to update it.',
            'deno.lock does not match what the app imports\nRun "deno install"',
        ),
        (
            "error: Failed reading lockfile at '/app/src/deno.lock'\n\nCaused by:\n    Unsupported lockfile version '9'. Try upgrading Deno",
            'deno.lock has format 9, which this Deno does not know\n',
        ),
        (
            "error: Failed reading lockfile at '/app/src/deno.lock'\n\nCaused by:\n    Failed parsing. Lockfile may be corrupt",
            'deno.lock cannot be read\n',
        ),
        ("error: Could not find npm package 'ms' matching '99.9.9'.", 'there is no version 99.9.9 of ms\n'),
        ("error: npm package 'no-such' does not exist.", 'the package registry has no no-such\n'),
        (
            '    Tarball checksum did not match what was provided by npm registry for ms@2.1.3.\n    \n    Expected: 6Fl',
            'the package ms@2.1.3 is not the one that deno.lock names\n',
        ),
        (
            "error: JSR package manifest for '@std/path' failed to load. Import 'https://jsr.example/meta.json' failed.",
            'the JSR package @std/path cannot be fetched\n',
        ),
        (
            'error: Requires import access to "example.com:443", run again with the --allow-import flag',
            'Deno does not import from example.com:443 by itself\n',
        ),
        (
            'error: Import "zod" not a dependency and not in import map from "file:///app/src/x.ts"',
            'zod cannot be imported\nAdd it to "imports" of deno.json',
        ),
        (
            "error: Import 'https://example.com/a.ts' failed.\n    0: error sending request for url (https://example.com/a.ts)",
            'https://example.com/a.ts cannot be imported\n',
        ),
        (
            'error: Module not found "file:///app/src/nope.ts".\n    at file:///app/src/main.ts:1:15',
            'the module nope.ts is not there\n',
        ),
        (
            "error: Import 'https://modules.example/std/path/mod.ts' failed.\n    0: error sending request for url (https://modules.example/std/path/mod.ts): client error (Connect): dns error: failed to lookup",
            'https://modules.example/std/path/mod.ts could not be reached\nTry again;',
        ),
        (
            'error: SyntaxError: Expression expected\n  |\n1 | const x = ;',
            'a module is neither TypeScript nor JavaScript: Expression expected\n',
        ),
        ('Task not found: build', 'there is no task build\n'),
        ('there is no Deno that satisfies "99.x"', 'there is no Deno that satisfies "99.x"\nCorrect it'),
        (
            'Deno 1.46.3 is too old: 2.0 or newer is needed',
            'Deno 1.46.3 is too old: 2.0 or newer is needed\nCorrect',
        ),
        ('something else', None),
    ],
)
def test_a_failed_step_is_told_with_its_cause_and_a_remedy(said: str, cause: str | None) -> None:
    told = DENO.explain('deno install', said.split('\n'))
    assert told is None if cause is None else told is not None and cause in told
    assert told is None or told.count('\n') == 1


@given(st.binary(max_size=200), st.binary(max_size=60), st.text(max_size=60))
def test_any_bytes_are_planned_or_refused(config: bytes, version: bytes, command: str) -> None:
    tasks = json.dumps({'tasks': {'start': command}})
    for content in (config, tasks):
        try:
            found = plan({'deno.json': content, '.dvmrc': version, **LOCKED})
        except DetectError as error:
            assert len(str(error)) < 400
            continue
        assert all(isinstance(value, str | bool | tuple) for value in found.values.values())
