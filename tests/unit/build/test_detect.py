"""Which buildpack takes an app, and what is said when none does."""

from pathlib import Path

import pytest

from gitreceive.build.buildpack import load_buildpacks
from gitreceive.build.detect import choose_plan
from gitreceive.build.sources.workdir import WorkingDirectory
from gitreceive.model.errors import DetectError
from gitreceive.model.plan import Plan, Stack
from tests.fakes import FakeSource

STACK = Stack(
    name='cedar-12',
    run_image='run',
    build_image='build',
    uid=1000,
    pythons=('3.11.2',),
    javas=('17.0.15',),
    rusts=('1.96.0',),
)
GRADLE = {
    'build.gradle': '',
    'gradlew': '',
    'gradle/wrapper/gradle-wrapper.properties': '',
    'Procfile': 'web: a',
}
START = '{"scripts": {"start": "node x"}}'


def chosen(files: dict[str, str | bytes], **env: str) -> Plan:
    return choose_plan(FakeSource(files), load_buildpacks(hosts=['example.com']), STACK, env)


def refusal(files: dict[str, str | bytes], **env: str) -> str:
    with pytest.raises(DetectError) as error:
        chosen(files, **env)
    return str(error.value)


@pytest.mark.parametrize(
    ('files', 'buildpack', 'reason'),
    [
        ({'package.json': START}, 'node', 'package.json'),
        ({'server.js': ''}, 'node', 'server.js'),
        ({'requirements.txt': '', 'Procfile': 'web: a'}, 'python', 'requirements.txt'),
        ({'Procfile': 'web: a'}, 'minimal', 'Procfile'),
        ({'package.json': START, 'Procfile': 'web: a'}, 'node', 'package.json'),
        ({'package.json': START, 'requirements.txt': '', 'Procfile': 'web: a'}, 'python', 'requirements.txt'),
    ],
)
def test_the_first_buildpack_that_recognises_its_marker_takes_the_app(
    files: dict[str, str | bytes], buildpack: str, reason: str
) -> None:
    plan = chosen(files)
    assert (plan.buildpack, plan.reason) == (buildpack, reason)


def test_the_procfile_replaces_the_default_of_the_platform() -> None:
    plan = chosen({'package.json': START, 'Procfile': 'web: node other.js\nworker: node w.js\n'})
    assert [(process.name, process.command) for process in plan.processes] == [
        ('web', 'node other.js'),
        ('worker', 'node w.js'),
    ]
    assert plan.processes_from == 'Procfile'


def test_without_a_procfile_the_default_is_used_and_said() -> None:
    plan = chosen({'package.json': START})
    assert plan.processes[0].command == 'npm start'
    assert 'No Procfile' in plan.processes_from


def test_an_app_without_a_web_process_gets_a_note() -> None:
    plan = chosen({'Procfile': 'worker: sleep 1'})
    assert any('no web process: nothing will answer HTTP' in note for note in plan.notes)
    assert not any('web' in note for note in chosen({'Procfile': 'web: a'}).notes)


def test_an_unknown_app_is_refused_with_the_names_that_were_tried() -> None:
    said = refusal({'README.md': 'hello'})
    assert said.startswith('no buildpack recognises this app (looked for: Dockerfile, ')
    tried = said.partition('looked for: ')[2].partition(')')[0].split(', ')
    assert {
        'package.json',
        'requirements.txt',
        'poetry.lock',
        'Gemfile',
        'pom.xml',
        'Procfile',
        '.buildpacks',
    } <= set(tried)
    assert len(tried) == len(set(tried))


def test_an_app_without_files_is_called_that() -> None:
    assert 'there are no files' in refusal({})


@pytest.mark.parametrize(
    ('files', 'remedy'),
    [
        ({'procfile': 'web: a'}, 'rename procfile to Procfile'),
        ({'Procfile.txt': 'web: a'}, 'rename Procfile.txt to Procfile'),
        ({'Containerfile': 'FROM a'}, 'rename Containerfile to Dockerfile'),
        ({'Pipfile': ''}, 'pipenv lock'),
        ({'pyproject.toml': ''}, 'add a requirements.txt'),
        ({'shop/package.json': '{}', 'README': ''}, 'shop/package.json is not at the root'),
    ],
)
def test_what_was_nearly_right_is_named_with_its_remedy(files: dict[str, str | bytes], remedy: str) -> None:
    assert remedy in refusal(files)


@pytest.mark.parametrize(
    ('name', 'remedy'),
    [
        ('yarn.lock', 'yarn.lock needs package.json beside it'),
        ('index.js', 'add a package.json with a "start" script ("node index.js")'),
    ],
)
def test_what_makes_no_app_of_node_alone_is_told_what_it_lacks(name: str, remedy: str) -> None:
    assert remedy in refusal({name: ''})


@pytest.mark.parametrize('name', ['requirements.txt', 'Procfile'])
def test_a_link_in_place_of_a_file_that_is_looked_for_is_named(name: str, tmp_path: Path) -> None:
    (tmp_path / 'app.py').touch()
    (tmp_path / 'elsewhere').touch()
    (tmp_path / 'requirements.txt').touch()
    (tmp_path / name).unlink(missing_ok=True)
    (tmp_path / name).symlink_to('elsewhere')
    (tmp_path / 'README').symlink_to('elsewhere')
    with WorkingDirectory(tmp_path) as source, pytest.raises(DetectError) as error:
        choose_plan(source, load_buildpacks(), STACK, {})
    said = str(error.value).splitlines()[-1]
    assert said.startswith(f'Symbolic links are not followed here, and {name} is one: commit the file')


def test_a_procfile_that_names_no_process_is_refused() -> None:
    assert 'the Procfile names no process' in refusal({'Procfile': '# later\n'})


def test_a_procfile_that_is_too_large_is_refused() -> None:
    assert 'Procfile has 70,005 bytes' in refusal({'Procfile': 'web: ' + 'x' * 70_000})


def test_a_broken_procfile_is_refused_whatever_the_platform() -> None:
    assert 'Procfile, line 1' in refusal({'package.json': START, 'Procfile': 'what'})


BOTH: dict[str, str | bytes] = {
    'package.json': '{"scripts": {"build": "make"}}',
    'requirements.txt': '',
    'Procfile': 'web: a',
}


def test_node_builds_the_assets_of_a_python_app_unless_somebody_decides_otherwise() -> None:
    both = chosen(BOTH)
    assert (both.buildpack, both.assets.buildpack if both.assets else None) == ('python', 'node')
    assert [choice.tool for choice in both.choices] == ['Python', 'Node.js']
    assert any(
        'Node.js builds the assets (package.json) and is not in the slug' in note for note in both.notes
    )
    assert chosen(BOTH, BUILDPACK_URL='heroku/python').assets is None
    assert chosen(BOTH, BUILDPACK_URL='heroku/nodejs').buildpack == 'node'
    assert chosen({**BOTH, '.buildpacks': '# one\nnode\n'}).buildpack == 'node'
    assert chosen({**BOTH, 'app.json': '{"buildpacks": [{"url": "heroku/python"}]}'}).assets is None
    listed = chosen({**BOTH, '.buildpacks': 'heroku/nodejs\nheroku/python\n'})
    assert (listed.buildpack, listed.assets is not None) == ('python', True)
    assert '.buildpacks asks for heroku/nodejs, heroku/python.' in listed.notes


def test_who_asks_for_node_and_another_platform_has_node_where_the_app_runs() -> None:
    listed = chosen({**BOTH, '.buildpacks': 'heroku/nodejs\nheroku/python\n'})
    assert listed.assets and listed.assets.values['stays'] is True
    assert 'Node.js works on the code first (package.json) and is in the slug, too.' in listed.notes
    by_itself = chosen(BOTH).assets
    assert by_itself and 'stays' not in by_itself.values


@pytest.mark.parametrize(
    ('platform', 'files', 'stays'),
    [
        ('go', {'go.mod': 'module example.com/a\ngo 1.19\n', 'main.go': 'package main'}, True),
        ('rust', {'Cargo.toml': '[package]\nname = "a"\n', 'Cargo.lock': '', 'src/main.rs': ''}, True),
        ('static', {'Staticfile': 'root: dist', 'index.html': ''}, False),
    ],
)
def test_node_works_on_the_code_of_any_platform_that_is_named_with_it(
    platform: str, files: dict[str, str | bytes], stays: bool
) -> None:
    package = '{"scripts": {"build": "make"}}'
    plan = chosen(
        {'package.json': package, 'Procfile': 'web: a', **files, '.buildpacks': f'node\n{platform}'}
    )
    assert (plan.buildpack, plan.assets is not None) == (platform, True)
    assert plan.assets and plan.assets.values.get('stays', False) is stays


def test_what_else_an_app_of_node_might_be_is_told() -> None:
    files: dict[str, str | bytes] = {'package.json': START, 'go.mod': 'module a'}
    plan = chosen(files)
    said = 'go.mod is there, too: BUILDPACK_URL=go builds that instead, .buildpacks with the lines "node" and "go" both.'
    assert (plan.buildpack, said in plan.notes) == ('node', True)
    assert said not in chosen({**files, '.buildpacks': 'node'}).notes


def test_node_steps_back_whatever_marks_the_other_platform() -> None:
    files = {'package.json': START, 'pyproject.toml': '[project]\nname = "x"\n', 'Procfile': 'web: a'}
    lock = 'version = 1\nrequires-python = ">=3.11"\n[[package]]\nname = "x"\nversion = "1"\nsource = { virtual = "." }\n'
    plan = chosen({**files, 'uv.lock': lock, '.python-version': '3.11'})
    assert (plan.buildpack, plan.assets is not None) == ('python', True)
    assert 'the config var BUILDPACK_URL=node makes it a Node.js app' in refusal(files)


def test_assets_need_no_process_of_their_own() -> None:
    files = {'package.json': '{}', 'requirements.txt': 'flask\ngunicorn', 'app.py': 'app = 1'}
    plan = chosen({**files})
    assert [process.command for process in plan.processes] == ['gunicorn --bind "0.0.0.0:$PORT" app:app']


def test_a_dockerfile_wins_over_everything_but_the_config_var() -> None:
    files = {**BOTH, 'Dockerfile': 'FROM x', '.buildpacks': 'node', 'bin/detect': '', 'bin/compile': ''}
    assert chosen(files).buildpack == 'dockerfile'
    assert chosen(files, BUILDPACK_URL='minimal').buildpack == 'minimal'
    assert chosen(files, BUILDPACK_URL='https://example.com/x').buildpack == 'classic'


@pytest.mark.parametrize(
    ('name', 'files'),
    [
        ('static', {'public/index.html': 'x'}),
        ('static', {'public/index.html': 'x', 'Procfile': 'web: serve-static'}),
        ('scala', {'shop.sbt': '', 'project/build.properties': 'sbt.version=1.10.7'}),
        ('node', {**BOTH, 'Procfile': 'web: x'}),
    ],
)
def test_a_platform_that_is_named_takes_what_it_can_build(name: str, files: dict[str, str | bytes]) -> None:
    assert chosen(files, BUILDPACK_URL=name).buildpack == name


@pytest.mark.parametrize('name', ['heroku/gradle', 'heroku/jvm', 'urn:buildpack:heroku/java'])
def test_herokus_names_of_platforms_are_known(name: str) -> None:
    assert chosen({**GRADLE, 'app.json': f'{{"buildpacks": [{{"url": "{name}"}}]}}'}).buildpack == 'java'


def test_the_buildpacks_of_the_app_win_over_detection() -> None:
    assert chosen({**BOTH, 'bin/detect': '', 'bin/compile': ''}).buildpack == 'classic'
    assert chosen({**BOTH, 'bin/compile': ''}).buildpack == 'python'


@pytest.mark.parametrize(
    ('files', 'env', 'said'),
    [
        (BOTH, {'BUILDPACK_URL': 'elixir'}, 'asks for the buildpack "elixir", which is no URL of one'),
        ({'Procfile': 'web: a'}, {'BUILDPACK_URL': 'python'}, 'the app has none of requirements.txt'),
        (
            {'shop.sbt': ''},
            {'BUILDPACK_URL': 'scala'},
            'there is no project/build.properties: write "sbt.version=',
        ),
        ({**BOTH, '.buildpacks': 'python\nhttps://example.com/x'}, {}, 'which cannot be combined'),
        ({**BOTH, '.buildpacks': 'node\nminimal'}, {}, 'which cannot be combined'),
        (
            {**BOTH, 'app.json': '{"buildpacks": ["x"]}'},
            {},
            '"buildpacks" in app.json is not a list of objects',
        ),
    ],
)
def test_what_cannot_be_asked_for_is_refused(
    files: dict[str, str | bytes], env: dict[str, str], said: str
) -> None:
    assert said in refusal(files, **env)
