"""Plans become Dockerfiles, and nothing that an app says becomes an instruction."""

import json
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitreceive.build.buildpack import LoadedBuildpack, load_buildpacks
from gitreceive.build.detect import choose_plan
from gitreceive.build.dockerfiles.render import (
    cache_mount,
    copy_form,
    exec_form,
    image_reference,
    render_dockerfile,
)
from gitreceive.build.planning import Planner
from gitreceive.model.errors import GitReceiveError, RecipeError
from gitreceive.model.plan import Plan, Stack
from tests.fakes import FakeSource

STACK = Stack(
    name='cedar-12',
    run_image='gitreceive/cedar:12',
    build_image='gitreceive/cedar:12-build',
    uid=1000,
    pythons=('3.11.2',),
    rubies=('3.1.2',),
    gos=('1.19.8',),
    javas=('17.0.21.1',),
    rusts=('1.96.0',),
    phps=('8.2.36',),
)
BUILDPACKS = load_buildpacks()
NODE = {
    'package.json': '{"engines": {"node": "24.x"}, "scripts": {"start": "node x", "build": "make"}}',
    'package-lock.json': '{}',
}
PYTHON = {
    'requirements.txt': '-r base.txt\ndjango\n',
    'base.txt': 'six',
    'manage.py': '',
    'Procfile': 'web: x',
}
INSTRUCTION = re.compile(r'(FROM|ENV|USER|RUN|COPY|WORKDIR) (.+)')
EXEC = re.compile(r'RUN ((?:--mount=type=(?:bind|cache)[a-z=,/0-9-]* )+)(\[.*\])')
TEXT = st.text(max_size=60) | st.sampled_from(
    [
        '24.x',
        'pnpm@10.20.0',
        'yarn@4.1.0+sha1.' + '0' * 40,
        '$(id)',
        '`id`',
        '"]\nRUN id',
        "'; id",
        '\\',
        '<<EOF',
        '${PATH}',
        '\u2028RUN id',
        '[',
        '# escape=`',
    ]
)


def recipe(files: dict[str, str | bytes]) -> str:
    plan = choose_plan(FakeSource(files), BUILDPACKS, STACK, {})
    return render_dockerfile(plan, buildpack(plan.buildpack), STACK).dockerfile


def buildpack(name: str) -> LoadedBuildpack:
    return next(found for found in BUILDPACKS if found.name == name)


def shape(dockerfile: str) -> list[tuple[str, ...]]:
    """The instructions, each with the first word of its command; fails on a line that is none of ours."""
    found = []
    for line in dockerfile.split('\n'):
        if line and not line.startswith('# '):
            match = INSTRUCTION.fullmatch(line)
            assert match, line
            found.append((match[1], *_command(line)))
    return found


def _command(line: str) -> tuple[str, ...]:
    if line.startswith('COPY'):
        words = json.loads(line.partition('app:app ')[2])
        assert all(word.startswith(('src', '/app/src')) for word in words), line
        return ()
    if not line.startswith('RUN'):
        return ()
    match = EXEC.fullmatch(line)
    assert match, line
    return (json.loads(match[2])[0],)


def test_a_node_app_installs_before_the_code_comes() -> None:
    lines = [line for line in recipe(NODE | {'.npmrc': ''}).splitlines() if line.startswith(('COPY', 'RUN'))]
    assert [line.partition(' [')[2] for line in lines] == [
        '"/tmp/buildpack/install-node", "24.x", ""]',
        '"src/package.json", "src/package-lock.json", "src/.npmrc", "/app/src/"]',
        '"/tmp/buildpack/npm", "ci", "--include=dev"]',
        '"src", "/app/src"]',
        '"/tmp/buildpack/npm", "run", "build"]',
        '"/tmp/buildpack/npm", "prune", "--omit=dev", "--ignore-scripts"]',
    ]


def test_only_the_steps_that_ask_for_it_see_the_commit() -> None:
    seeing = [line for line in recipe(NODE).splitlines() if 'source=meta' in line]
    assert len(seeing) == 1
    assert seeing[0].endswith('"run", "build"]')


def test_the_runtime_is_installed_without_caches_and_config_vars() -> None:
    for files in (NODE, PYTHON):
        install = next(line for line in recipe(files).splitlines() if '/tmp/buildpack/install-' in line)
        assert 'type=cache' not in install
        assert 'source=env' not in install


def test_a_python_app_copies_each_list_of_requirements_to_its_place() -> None:
    assert 'COPY --chown=app:app ["src/base.txt", "/app/src/base.txt"]' in recipe(PYTHON)


def test_an_app_that_installs_itself_is_copied_first() -> None:
    dockerfile = recipe({'requirements.txt': '-e .\n', 'Procfile': 'web: x'})
    assert dockerfile.index('["src", "/app/src"]') < dockerfile.index('/tmp/buildpack/pip')
    assert dockerfile.count('COPY') == 1


def test_every_step_runs_as_app_and_none_names_another_frontend() -> None:
    for files in (NODE, PYTHON, {'Procfile': 'web: x'}):
        dockerfile = recipe(files)
        assert dockerfile.startswith(
            'FROM gitreceive/cedar:12-build\nENV SOURCE_DATE_EPOCH=315532800\nUSER app\n'
        )
        assert dockerfile.count('USER') == 1
        assert 'syntax' not in dockerfile


@given(words=st.lists(TEXT, min_size=1, max_size=4))
def test_any_word_survives_the_exec_form_and_nothing_in_it_is_special(words: list[str]) -> None:
    if any('\0' in word for word in words):
        with pytest.raises(RecipeError):
            exec_form(words)
        return
    text = exec_form(words)
    assert json.loads(text) == words
    assert text.isascii()
    assert text.isprintable()
    assert not set("$`'<;&{}").intersection(text)


@given(
    start=TEXT,
    build=TEXT,
    node=TEXT,
    npm=TEXT,
    dependency=TEXT,
    name=TEXT,
    procfile=TEXT,
    manager=TEXT,
    extra=TEXT,
    version=TEXT,
    lock=st.sampled_from(['', 'package-lock.json', 'yarn.lock', 'pnpm-lock.yaml']),
)
def test_no_package_json_adds_an_instruction(**words: str) -> None:
    package = {
        'name': words['name'],
        'scripts': {'start': words['start'], 'build': words['build'], words['extra']: words['extra']},
        'engines': {'node': words['node'], 'npm': words['npm'], 'yarn': words['npm'], 'pnpm': words['npm']},
        'packageManager': words['manager'],
        'dependencies': {words['name']: words['dependency']},
    }
    files: dict[str, str | bytes] = {
        'package.json': json.dumps(package),
        'Procfile': f'web: {words["procfile"]}'.encode('utf-8', 'replace'),
        '.nvmrc': words['version'].encode('utf-8', 'replace'),
        '.yarnrc.yml': f'yarnPath: {words["version"]}'.encode('utf-8', 'replace'),
    }
    if words['lock']:
        files[words['lock']] = (
            '{}' if words['lock'].endswith('.json') else words['version'].encode('utf-8', 'replace')
        )
    try:
        found = shape(recipe(files))
    except GitReceiveError:
        return
    install = [('FROM',), ('ENV',), ('USER',), ('RUN', '/tmp/buildpack/install-node')]
    assert found[:4] == install
    others = {('COPY',), ('WORKDIR',), ('RUN', '/tmp/buildpack/install-manager')}
    tools = {('RUN', f'/tmp/buildpack/{name}') for name in ('npm', 'yarn', 'pnpm')}
    assert set(found[4:]) <= others | tools
    assert len([step for step in found if step in tools]) <= 5


@given(requirement=TEXT, include=TEXT, version=TEXT, folder=TEXT)
def test_no_requirements_add_an_instruction(
    requirement: str, include: str, version: str, folder: str
) -> None:
    files: dict[str, str | bytes] = {
        'requirements.txt': f'django\n{requirement}\n-r {include}\n'.encode('utf-8', 'replace'),
        include: b'six',
        f'{folder}/manage.py': b'',
        'Procfile': b'web: x',
        '.python-version': version.encode('utf-8', 'replace') if '1' in version else b'3.11',
    }
    try:
        found = shape(recipe(files))
    except GitReceiveError:
        return
    runs = [step[1] for step in found if step[0] == 'RUN']
    assert runs[:2] == ['/tmp/buildpack/install-python', '/tmp/buildpack/pip']
    assert runs[2:] in ([], ['/tmp/buildpack/collectstatic'])
    assert {step[0] for step in found} == {'FROM', 'ENV', 'USER', 'RUN', 'COPY', 'WORKDIR'}


@given(
    start=TEXT,
    build=TEXT,
    engine=st.just('') | TEXT,
    version=st.just('1.x') | TEXT,
    manager=st.sampled_from(['', 'bun@1.4.4']) | TEXT,
)
def test_no_app_of_bun_adds_an_instruction(**words: str) -> None:
    package = {
        'scripts': {'start': words['start'], 'build': words['build'], 'postinstall': words['build']},
        'engines': {'bun': words['engine']},
        'packageManager': words['manager'],
        'dependencies': {words['start']: words['version']},
    }
    files: dict[str, str | bytes] = {
        'package.json': json.dumps(package),
        'bun.lock': b'',
        '.bun-version': words['version'].encode('utf-8', 'replace'),
    }
    try:
        found = shape(recipe(files))
    except GitReceiveError:
        return
    programs = [step[1] for step in found if step[0] == 'RUN']
    assert programs[0] == '/tmp/buildpack/install-bun'
    assert set(programs[1:]) == {'/tmp/buildpack/bun'}


@given(
    lock=st.sampled_from(['uv.lock', 'poetry.lock', 'pdm.lock', 'Pipfile.lock']),
    dependency=TEXT,
    limits=TEXT,
    name=TEXT,
)
def test_no_project_adds_an_instruction(lock: str, dependency: str, limits: str, name: str) -> None:
    project = {'name': name, 'requires-python': limits, 'dependencies': [dependency]}
    listed = '\n'.join(f'{key} = {json.dumps(value)}' for key, value in project.items())
    files: dict[str, str | bytes] = {
        'pyproject.toml': f'[project]\n{listed}\n[build-system]\n'.encode('utf-8', 'replace'),
        'Pipfile': b'[packages]\n',
        lock: json.dumps({'_meta': {'requires': {'python_version': limits}}})
        if lock == 'Pipfile.lock'
        else '',
        f'{name}/manage.py': b'DJANGO_SETTINGS_MODULE',
        'bin/post_compile': b'',
        'Procfile': b'web: x',
    }
    try:
        found = shape(recipe(files))
    except GitReceiveError:
        return
    programs = {step[1].removeprefix('/tmp/buildpack/') for step in found if step[0] == 'RUN'}
    tool = {'Pipfile.lock': 'pipenv'}.get(lock, lock.removesuffix('.lock'))
    assert programs <= {'install-python', 'install-tool', tool, 'collectstatic', 'hook'}
    assert {step[0] for step in found} == {'FROM', 'ENV', 'USER', 'RUN', 'COPY', 'WORKDIR'}


@pytest.mark.parametrize(
    'path', ['$HOME', 'a*', '[a]', '../x', '/etc/passwd', '-x', '', 'a b', 'é', 'a//b', './a']
)
def test_paths_that_a_copy_would_expand_are_refused(path: str) -> None:
    with pytest.raises(RecipeError):
        copy_form([path], '/app/src/')


@pytest.mark.parametrize('name', ['', 'a b', 'a\nRUN id', '--platform=x', '$X', 'A'])
def test_an_image_is_a_name_and_nothing_else(name: str) -> None:
    with pytest.raises(RecipeError):
        image_reference(name)


def test_a_cache_has_a_plain_name_and_belongs_to_the_user() -> None:
    assert cache_mount('npm', 1000) == '--mount=type=cache,id=npm,target=/tmp/cache/npm,uid=1000,gid=1000'
    with pytest.raises(RecipeError):
        cache_mount('npm,from=other', 1000)


PLAN = Plan(buildpack='own', title='Own', reason='own', values={'word': '$(id)'})


@pytest.mark.parametrize(
    ('template', 'said'),
    [
        ('FROM {{ word }}', 'without a filter'),
        ('FROM {{ missing | image }}', 'buildpack own'),
        ('FROM {{ word', 'buildpack own'),
        ('FROM {{ word | image }}', 'not the name of an image'),
        ('RUN {{ word | json }}', 'a command is a list of words'),
    ],
)
def test_a_template_that_lets_values_through_is_an_error(template: str, said: str) -> None:
    own = replace(BUILDPACKS[0], name='own', template=template)
    with pytest.raises(RecipeError, match=said):
        render_dockerfile(PLAN, own, STACK)


def test_an_instruction_that_the_engine_could_not_read_is_refused() -> None:
    with pytest.raises(RecipeError, match='too long'):
        exec_form(['x' * 40_000])


@pytest.mark.parametrize(
    ('asked', 'path', 'others'),
    [('', '/opt/node/bin', '/app/heroku/node/bin'), ('node\npython', '/app/heroku/node/bin', '/opt/node')],
)
def test_node_is_in_the_slug_of_another_platform_if_both_are_asked_for(
    asked: str, path: str, others: str
) -> None:
    files = {**NODE, 'requirements.txt': '', 'Procfile': 'web: x'} | ({'.buildpacks': asked} if asked else {})
    recipe = Planner(buildpacks=BUILDPACKS, stack=STACK).plan(FakeSource(files), {}).recipe
    main = recipe.dockerfile.split('\nFROM ')[1]
    assert f'ENV PATH={path}:$PATH' in main
    assert others not in main
    assert ('"/app/.profile.d/with-node.sh"' in main) is bool(asked)
    assert main.index(f'ENV PATH={path}') < main.index('["/app/src", "/app/src"]')


def test_the_scripts_of_two_platforms_are_kept_apart() -> None:
    source = FakeSource({**NODE, 'requirements.txt': '', 'Procfile': 'web: x'})
    recipe = Planner(buildpacks=BUILDPACKS, stack=STACK).plan(source, {}).recipe
    folders = {file.name.partition('/')[0] for file in recipe.files}
    assert {'assets', 'buildpack'} <= folders
    assets, main = recipe.dockerfile.split('\nFROM ')
    assert assets.startswith(f'FROM {STACK.build_image} AS assets\n')
    assert 'source=assets,target=/tmp/buildpack' in assets
    assert 'source=buildpack' not in assets
    assert 'source=assets' not in main
