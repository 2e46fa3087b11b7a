"""What the Node.js buildpack plans, from package.json and what lies beside it."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitreceive.build.buildpack import load_buildpacks
from gitreceive.build.dockerfiles.render import render_dockerfile
from gitreceive.model.errors import DetectError
from gitreceive.model.plan import Plan, Stack
from tests.fakes import FakeSource

STACK = Stack(name='cedar-12', run_image='run', build_image='build', uid=1000, pythons=('3.11.2',))
NODE = next(buildpack for buildpack in load_buildpacks() if buildpack.name == 'node')
START = {'scripts': {'start': 'node index.js'}}
LOCK = {'package-lock.json': '{}'}
BERRY = '__metadata:\n  version: {}\n  cacheKey: 10c0\n'
HASH = 'sha512.' + '0a' * 64
HOSTILE = [
    '$(touch${IFS}/tmp/x)',
    '`id`',
    '";id;"',
    "'24'",
    '24 && id',
    '24\u2028RUN id',
    '--version',
    '8' * 300,
]


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
    ('wanted', 'ranged'), [('latest', '*'), ('lts/*', '24.x'), (' LTS ', '24.x'), ('stable', '*')]
)
def test_names_that_stand_for_versions_are_ranges(wanted: str, ranged: str) -> None:
    found = plan(START | {'engines': {'node': wanted}}).choices[0]
    assert (found.wanted, found.source) == (ranged, 'engines.node')


def test_the_newest_package_manager_may_be_asked_for() -> None:
    npm = plan(START | {'engines': {'npm': 'latest'}})
    assert npm.values['versions'] == ('24.x', '*')
    pnpm = plan(START | {'engines': {'pnpm': 'latest'}})
    assert pnpm.values['manager'] == ('pnpm', '*')


def test_a_version_may_be_a_whole_number() -> None:
    assert plan(START | {'engines': {'node': 22, 'npm': 10}}).values['versions'] == ('22', '10')
    assert 'is a number, not a string' in refusal(START | {'engines': {'node': 22.1}})
    assert 'is true or false, not a string' in refusal(START | {'engines': {'node': True}})


@pytest.mark.parametrize('wanted', ['lts/argon', '>=20 <banana', 'npm:other@1', '1.2.3.4', '--x', '8' * 300])
def test_what_is_no_range_is_refused_before_anything_is_built(wanted: str) -> None:
    said = refusal(START | {'engines': {'node': wanted}})
    assert 'engines.node' in said
    assert 'no range of versions: write one such as' in said
    assert len(said) < 300


@pytest.mark.parametrize(
    ('name', 'text', 'wanted'),
    [
        ('.nvmrc', 'v20.11.0\n', '20.11.0'),
        ('.nvmrc', '# ours\n\n22\n', '22'),
        ('.nvmrc', 'lts/*', '24.x'),
        ('.nvmrc', 'lts/Iron', '20.x'),
        ('.nvmrc', 'node', '*'),
        ('.node-version', '18.x', '18.x'),
        ('.tool-versions', 'python 3.11.2\nnodejs 20.11.0 18.0.0\n', '20.11.0'),
        ('.tool-versions', 'node lts', '24.x'),
        ('.nvmrc', 'lts/-1', '22.x'),
        ('.nvmrc', '>=20  <23 # ours', '>=20 <23'),
        ('.node-version', 'lts-jod', '22.x'),
        ('.node-version', '^20.9', '^20.9'),
        ('.tool-versions', 'nodejs latest:20', '20'),
    ],
)
def test_files_of_version_managers_choose_where_engines_do_not(name: str, text: str, wanted: str) -> None:
    choice = plan(START, {name: text}).choices[0]
    assert (choice.wanted, choice.source) == (wanted, name)
    engines = plan(START | {'engines': {'node': '16.x'}}, {name: text}).choices[0]
    assert (engines.wanted, engines.source) == ('16.x', 'engines.node')


def test_the_first_of_several_files_of_version_managers_is_used() -> None:
    files: dict[str, str | bytes] = {'.tool-versions': 'nodejs 16', '.node-version': '18', '.nvmrc': '20'}
    assert plan(START, files).choices[0].source == '.nvmrc'
    assert plan(START, {'.tool-versions': 'ruby 3.3.0', '.nvmrc': '\n'}).choices[0].wanted == '24.x'


@pytest.mark.parametrize('said', HOSTILE)
@pytest.mark.parametrize('name', ['.nvmrc', '.node-version', '.tool-versions'])
def test_a_version_that_is_none_is_refused_before_anything_is_built(name: str, said: str) -> None:
    text = f'nodejs {"_".join(said.split())}' if name == '.tool-versions' else said
    refused = refusal(START, {name: text})
    assert f'{name} says "' in refused
    assert 'is no version of Node.js: write one such as "24"' in refused
    assert len(refused) < 300


@pytest.mark.parametrize('said', HOSTILE)
@pytest.mark.parametrize('tool', ['node', 'npm', 'yarn', 'pnpm'])
def test_engines_that_are_shell_commands_are_refused(tool: str, said: str) -> None:
    files = {'yarn': {'yarn.lock': ''}, 'pnpm': {'pnpm-lock.yaml': ''}}.get(tool, {})
    assert f'engines.{tool} in package.json is' in refusal(START | {'engines': {tool: said}}, dict(files))


@pytest.mark.parametrize(
    'said', [*HOSTILE, 'pnpm', 'pnpm@10', 'pnpm@latest', 'yarn@https://host/yarn.js', 24, ['npm@1.0.0']]
)
def test_a_package_manager_that_is_no_name_and_version_is_refused(said: object) -> None:
    assert 'which is not NAME@VERSION with a whole version: write one such as "pnpm@10.20.0"' in refusal(
        START | {'packageManager': said}
    )


@pytest.mark.parametrize(
    'promised', ['abc', 'sha512.abc', 'md5.' + '0' * 32, 'sha256.' + 'g' * 64, 'sha1.' + '0' * 41]
)
def test_a_hash_that_is_none_is_refused(promised: str) -> None:
    assert 'is none: run "corepack use"' in refusal(START | {'packageManager': f'npm@11.0.0+{promised}'})


def test_package_manager_pins_the_version_and_its_hash() -> None:
    pinned = START | {'packageManager': f'npm@10.8.2+{HASH}'}
    assert plan(pinned).values['versions'] == ('24.x', '10.8.2', HASH)
    assert plan(START | {'packageManager': 'npm@10.8.2'}).values['versions'] == ('24.x', '10.8.2')
    pnpm = plan(START | {'packageManager': f'pnpm@9.1.0+{HASH}'})
    assert pnpm.values['versions'] == ('24.x', '')
    assert pnpm.values['manager'] == ('pnpm', '9.1.0', HASH)
    assert [(choice.tool, choice.wanted, choice.source) for choice in pnpm.choices[1:]] == [
        ('pnpm', '9.1.0', 'packageManager')
    ]


def test_a_pinned_version_that_engines_exclude_is_refused() -> None:
    pinned = START | {'packageManager': 'pnpm@9.1.0', 'engines': {'pnpm': '>=10'}}
    assert 'packageManager is pnpm@9.1.0, and engines.pnpm asks for ">=10": correct one' in refusal(pinned)
    assert plan(pinned | {'engines': {'pnpm': '^9'}}).values['manager'] == ('pnpm', '9.1.0')


@pytest.mark.parametrize(
    ('files', 'package', 'manager'),
    [
        ({'yarn.lock': '# yarn lockfile v1'}, {}, ('yarn', '1.x')),
        ({'yarn.lock': '# yarn lockfile v1'}, {'engines': {'yarn': '>=1.22'}}, ('yarn', '>=1.22')),
        ({'yarn.lock': BERRY.format(4)}, {}, ('@yarnpkg/cli-dist', '2.x')),
        ({'yarn.lock': BERRY.format(6)}, {}, ('@yarnpkg/cli-dist', '3.x')),
        ({'yarn.lock': BERRY.format(8)}, {}, ('@yarnpkg/cli-dist', '>=4 <4.14')),
        ({'yarn.lock': BERRY.format(10)}, {}, ('@yarnpkg/cli-dist', '4.x')),
        (
            {'yarn.lock': BERRY.format(8), '.yarnrc.yml': 'yarnPath: .yarn/releases/yarn-4.1.0.cjs\n'},
            {},
            ('@yarnpkg/cli-dist', '4.1.0'),
        ),
        ({'yarn.lock': '', '.yarnrc': 'yarn-path ".yarn/releases/yarn-1.22.19.js"'}, {}, ('yarn', '1.22.19')),
        ({'yarn.lock': '', '.yarnrc.yml': 'yarnPath: "$(id)/yarn-x.cjs"'}, {}, ('yarn', '1.x')),
        ({'pnpm-lock.yaml': 'lockfileVersion: 5.4\n'}, {}, ('pnpm', '7.x')),
        ({'pnpm-lock.yaml': "lockfileVersion: '6.0'\n"}, {}, ('pnpm', '8.x')),
        ({'pnpm-lock.yaml': "lockfileVersion: '9.0'\n"}, {}, ('pnpm', '>=9 <11')),
        ({'pnpm-lock.yaml': "lockfileVersion: '$(id)'\n"}, {}, ('pnpm', '10.x')),
        ({}, {'packageManager': 'yarn@4.18.1'}, ('@yarnpkg/cli-dist', '4.18.1')),
        ({}, {'packageManager': 'yarn@1.22.22'}, ('yarn', '1.22.22')),
        ({}, {'engines': {'yarn': '1'}}, ('yarn', '1')),
        ({}, {'engines': {'yarn': '^4'}}, ('@yarnpkg/cli-dist', '^4')),
        ({}, {'engines': {'pnpm': '9'}}, ('pnpm', '9')),
        ({}, {'engines': {'npm': '10', 'yarn': 'please use npm'}}, ()),
        ({}, {'engines': {'yarn': 'please-use-npm'}}, ()),
    ],
)
def test_the_package_manager_is_that_of_the_lock_file_or_of_package_json(
    files: dict[str, str | bytes], package: dict[str, object], manager: tuple[str, ...]
) -> None:
    assert plan(START | package, files).values['manager'] == manager


@pytest.mark.parametrize(
    ('lock', 'content', 'install', 'without'),
    [
        (
            'yarn.lock',
            '',
            ('install', '--frozen-lockfile', '--production=true'),
            ('install', '--frozen-lockfile', '--production=true', '--ignore-scripts', '--prefer-offline'),
        ),
        (
            'yarn.lock',
            BERRY.format(10),
            ('install', '--immutable', '--production'),
            ('prune', '--production'),
        ),
        (
            'pnpm-lock.yaml',
            '',
            ('install', '--frozen-lockfile', '--prod'),
            ('install', '--frozen-lockfile', '--prod', '--ignore-scripts'),
        ),
    ],
)
def test_each_package_manager_installs_what_its_lock_file_says(
    lock: str, content: str, install: tuple[str, ...], without: tuple[str, ...]
) -> None:
    files: dict[str, str | bytes] = {lock: content}
    values = plan(START, files).values
    assert (values['install'], values['prune'], values['manifests']) == (install, (), ('package.json', lock))
    built = plan({'scripts': {'start': 'x', 'build': 'y'}}, files).values
    assert built['install'] != install
    assert built['prune'] == without


@pytest.mark.parametrize('name', ['yarn', 'pnpm'])
def test_without_a_lock_file_the_missing_one_is_named(name: str) -> None:
    found = plan(START | {'packageManager': f'{name}@9.0.0'})
    assert any(f'"{name} install" writes' in note for note in found.notes)
    assert '--frozen-lockfile' not in found.values['install']


def test_packages_that_stay_zipped_need_yarn_to_start() -> None:
    files: dict[str, str | bytes] = {'yarn.lock': BERRY.format(10)}
    assert plan(START, files).processes[0].command == 'yarn start'
    assert plan({}, files | {'server.js': ''}).processes[0].command == 'yarn node server.js'
    unzipped = files | {'.yarnrc.yml': 'nodeLinker: "node-modules"\n'}
    assert plan(START, unzipped).processes[0].command == 'npm start'


def test_heroku_cleanup_comes_last_and_sees_the_commit() -> None:
    values = plan({'scripts': {'start': 'x', 'heroku-cleanup': 'y'}}, LOCK).values
    assert (values['cleanup'], values['needs_source_version']) == (('heroku-cleanup',), True)
    assert values['install'] == ('ci', '--omit=dev')


def test_npm_install_can_be_asked_for_although_there_is_a_lock_file() -> None:
    assert plan(START, LOCK, USE_NPM_INSTALL='true').values['install'] == ('install', '--omit=dev')


def test_a_lock_file_means_npm_ci_and_its_absence_a_note() -> None:
    assert plan(START, LOCK).values['install'] == ('ci', '--omit=dev')
    assert not plan(START, LOCK).notes
    without = plan(START)
    assert without.values['install'] == ('install', '--no-package-lock', '--omit=dev')
    assert any('no package-lock.json' in note for note in without.notes)


def test_dependencies_of_development_are_there_for_a_build_script_and_pruned_after_it() -> None:
    values = plan({'scripts': {'start': 'x', 'build': 'y'}}, LOCK).values
    assert values['install'] == ('ci', '--include=dev')
    assert (values['after'], values['tree_first']) == (('build',), False)
    assert values['prune'] == ('prune', '--omit=dev', '--ignore-scripts')
    assert values['needs_source_version'] is True


def test_heroku_postbuild_replaces_build_and_heroku_prebuild_comes_first() -> None:
    scripts = {'start': 'x', 'build': 'y', 'heroku-postbuild': 'z', 'heroku-prebuild': 'w'}
    values = plan({'scripts': scripts}).values
    assert (values['before'], values['after'], values['tree_first']) == (
        ('heroku-prebuild',),
        ('heroku-postbuild',),
        True,
    )


@pytest.mark.parametrize(
    'env',
    [
        {'NPM_CONFIG_PRODUCTION': 'false'},
        {'YARN_PRODUCTION': 'FALSE'},
        {'PNPM_SKIP_PRUNING': 'true'},
        {'NODE_ENV': 'development'},
    ],
)
def test_config_vars_keep_the_dependencies_of_development(env: dict[str, str]) -> None:
    values = plan({'scripts': {'start': 'x', 'build': 'y'}}, LOCK, **env).values
    assert values['install'] == ('ci', '--include=dev')
    assert values['prune'] == ()


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
        (START, {'pnpm-lock.yaml': '', 'pnpm-workspace.yaml': 'packages:\n  - a\n'}),
        (START, {'yarn.lock': '', 'patches/a.patch': ''}),
        (START, {'yarn.lock': BERRY.format(10), '.yarn/plugins/@yarnpkg/plugin-x.cjs': ''}),
        (START | {'dependencies': {'a': 'workspace:*'}}, {'pnpm-lock.yaml': ''}),
    ],
)
def test_the_code_comes_first_where_installing_needs_it(
    package: object, files: dict[str, str | bytes]
) -> None:
    assert plan(package, files).values['tree_first'] is True


WORKSPACES = START | {'workspaces': ['./apps/*', 'packages/greet']}
MANIFESTS: dict[str, str | bytes] = {
    'apps/a/package.json': '{"dependencies": {"greet": "1.0.0"}, "scripts": {"build": "x"}}',
    'apps/a/index.js': '',
    'packages/greet/package.json': '{}',
}
PNPM_FILE = 'pnpm-workspace.yaml'


@pytest.mark.parametrize(
    ('package', 'files'),
    [
        (WORKSPACES, LOCK),
        (
            WORKSPACES | {'workspaces': {'packages': ['apps/*', 'packages/*'], 'nohoist': ['x']}},
            {'yarn.lock': ''},
        ),
        (WORKSPACES | {'dependencies': {'greet': 'workspace:^'}}, {'yarn.lock': BERRY.format(8)}),
        (
            START | {'dependencies': {'greet': 'workspace:*'}},
            {
                'pnpm-lock.yaml': '',
                PNPM_FILE: "packages:\n  # all\n  - '.'\n  - 'apps/*' # them\n\n  - \"packages/*\"\ncatalog:\n  ms: 2.1.3\n",
            },
        ),
    ],
)
def test_of_workspaces_the_manifests_come_first_and_the_code_after_what_is_installed(
    package: object, files: dict[str, str | bytes]
) -> None:
    found = plan(package, {**MANIFESTS, **files})
    assert found.values['workspaces'] == ('apps/a', 'packages/greet')
    assert found.values['tree_first'] is False
    text = render_dockerfile(found, NODE, STACK).dockerfile
    steps = (
        '["src/apps/a/package.json", "/app/src/apps/a/"]',
        f'/tmp/buildpack/{found.values["tool"]}"',
        '["src", "/app/src"]',
    )
    places = [text.index(step) for step in steps]
    assert places == sorted(places)


@pytest.mark.parametrize(
    ('package', 'files'),
    [
        (WORKSPACES, {'apps/a/package.json': '{"scripts": {"postinstall": "x"}}'}),
        (WORKSPACES, {'apps/a/package.json': '{"bin": "a.js"}'}),
        (WORKSPACES, {'apps/a/package.json': '{"dependencies": {"b": "file:../b"}}'}),
        (WORKSPACES, {'apps/a/package.json': '{'}),
        (WORKSPACES, {'apps/a/binding.gyp': ''}),
        (WORKSPACES, {'apps/a/prisma/schema.prisma': ''}),
        (WORKSPACES, {'apps/a/node_modules/b/index.js': ''}),
        (WORKSPACES, {'.npmrc': 'install-links=true'}),
        (WORKSPACES | {'overrides': {'ms': {'.': 'file:./ms'}}}, {}),
        (WORKSPACES | {'workspaces': ['apps/**']}, {}),
        (WORKSPACES | {'workspaces': ['apps/*', '!apps/b']}, {}),
        (WORKSPACES | {'workspaces': 'apps/*'}, {}),
        (WORKSPACES, {f'apps/{number}/package.json': '{}' for number in range(50)}),
        (WORKSPACES, {'apps/a b/package.json': '{}'}),
        (WORKSPACES, {'pnpm-lock.yaml': ''}),
        (START, {'pnpm-lock.yaml': '', PNPM_FILE: 'packages: [apps/*]\n'}),
        (START, {'pnpm-lock.yaml': '', PNPM_FILE: 'packages:\n  - apps/*\n  - &x packages/*\n'}),
        (
            START,
            {'pnpm-lock.yaml': '', PNPM_FILE: 'packages:\n  - apps/*\npatchedDependencies:\n  ms: a.patch\n'},
        ),
    ],
)
def test_the_code_comes_first_where_installing_needs_more_of_workspaces_than_manifests(
    package: object, files: dict[str, str | bytes]
) -> None:
    found = plan(package, {**MANIFESTS, **files})
    assert (found.values['tree_first'], found.values['workspaces']) == (True, ())


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
    assert f'delete {other} if you use npm, or package-lock.json if you use {tool}' in said
    pinned = refusal(START | {'packageManager': 'npm@11.0.0'}, {**LOCK, other: ''})
    assert f'delete {other}, as packageManager in package.json is npm' in pinned


def test_a_lock_file_of_another_package_manager_than_the_pinned_one_is_refused() -> None:
    said = refusal(START | {'packageManager': 'pnpm@9.1.0'}, LOCK)
    assert 'packageManager in package.json is pnpm, and the lock file is package-lock.json (npm)' in said
    assert 'delete package-lock.json and commit the one that "pnpm install" writes' in said


def test_a_package_manager_that_is_not_there_is_refused_by_name() -> None:
    assert 'there are npm, Yarn and pnpm' in refusal(START | {'packageManager': 'cnpm@9.1.0'})


def test_two_lock_files_of_npm_are_refused() -> None:
    assert 'delete package-lock.json' in refusal(START, LOCK | {'npm-shrinkwrap.json': '{}'})


def test_server_js_alone_needs_nothing_installed() -> None:
    found = NODE.plan(FakeSource({'server.js': ''}), STACK, {})
    assert found.values['install'] == ()
    assert [process.command for process in found.processes] == ['node server.js']


def test_an_app_that_cannot_be_started_is_refused_with_what_to_add() -> None:
    assert 'add a "start" script to package.json, or a Procfile' in refusal({'name': 'x'})


def test_what_builds_a_site_of_files_is_told_how_it_is_served() -> None:
    said = 'add .buildpacks with the lines "node" and "static"'
    assert said in refusal({'scripts': {'build': 'vite build'}}, {'index.html': ''})
    assert said in refusal({}, {'Staticfile': 'root: dist'})
    assert said not in refusal({'name': 'x'})


def test_a_start_script_is_not_needed_with_a_procfile() -> None:
    assert plan({'name': 'x'}, {'Procfile': 'web: a'}).processes == ()


@pytest.mark.parametrize(
    ('package', 'said'),
    [
        ('{"name": "x",}', 'package.json is not JSON: '),
        ('{\n  "a": 1\n  "b": 2\n}', '(line 3, column 3)'),
        ('{\n<<<<<<< HEAD\n}', 'merge conflict marker (line 2)'),
        (' \n', 'package.json is empty: it has to hold an object'),
        ('{"a": NaN}', 'package.json is not JSON: it has no NaN'),
        ('[]', 'package.json holds an array, not an object'),
        ('"text"', 'package.json holds a string, not an object'),
        ('null', 'package.json holds null, not an object'),
        ('', 'package.json is empty'),
        (b'{"name": "\xff"}', 'package.json is not UTF-8 (byte 10)'),
        ('[' * 100_000, 'nested too deep'),
        ('{"a": ' + '9' * 5000 + '}', 'not usable JSON'),
        ('{"engines": "24"}', '"engines" in package.json is a string, not an object'),
        ('{"engines": {"node": 24.5}}', '"engines.node" in package.json is a number, not a string'),
        ('{"scripts": {"start": ["a"]}}', '"scripts.start" in package.json is an array, not a string'),
        ('{"scripts": true}', '"scripts" in package.json is true or false, not an object'),
        ('{"scripts": {"start": "x"}, "dependencies": []}', '"dependencies" in package.json is an array'),
    ],
)
def test_a_broken_package_json_is_refused_with_the_place(package: str | bytes, said: str) -> None:
    text = refusal(package)
    assert said in text
    assert len(text) < 300


@pytest.mark.parametrize('lock', ['yarn.lock', 'pnpm-lock.yaml'])
def test_a_lock_file_with_a_conflict_is_refused_with_the_line(lock: str) -> None:
    assert f'{lock} has a merge conflict marker (line 3)' in refusal(START, {lock: 'a\nb\n<<<<<<< HEAD\n'})
    assert f'{lock} has 10,000,001 bytes' in refusal(START, {lock: 'x' * 10_000_001})


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


@pytest.mark.parametrize(
    ('package', 'files', 'command'),
    [
        ({'main': 'lib/web.js'}, {'lib/web.js': ''}, 'node lib/web.js'),
        ({'main': './web'}, {'web.js': ''}, 'node web.js'),
        ({}, {'index.js': ''}, 'node index.js'),
        ({'main': 'gone.js'}, {'index.js': ''}, 'node index.js'),
        ({'main': 'a.js'}, {'server.js': '', 'a.js': ''}, 'node server.js'),
    ],
)
def test_the_program_of_package_json_is_the_default_process(
    package: dict[str, str], files: dict[str, str | bytes], command: str
) -> None:
    assert [one.command for one in plan(package, files).processes] == [command]


@pytest.mark.parametrize(
    ('package', 'files'),
    [
        ({'main': '$(id).js'}, {'$(id).js': ''}),
        ({'main': '../x.js'}, {}),
        ({'main': 7}, {}),
        ({'main': 'a.js', 'scripts': {'build': 'vite build'}}, {'a.js': ''}),
        ({}, {'index.js': '', 'index.html': ''}),
    ],
)
def test_what_may_be_a_site_or_no_program_is_not_guessed(
    package: dict[str, object], files: dict[str, str | bytes]
) -> None:
    assert 'nothing says how the app is started' in refusal(package, files)
