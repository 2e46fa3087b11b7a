"""What the Python buildpack plans, from requirements.txt and what lies beside it."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitreceive.build.buildpack import load_buildpacks
from gitreceive.model.errors import DetectError
from gitreceive.model.plan import Plan, Stack
from tests.fakes import FakeSource

STACK = Stack(name='cedar-12', run_image='run', build_image='build', uid=1000, pythons=('3.10.9', '3.11.2'))
PYTHON = next(buildpack for buildpack in load_buildpacks() if buildpack.name == 'python')
PROCFILE = {'Procfile': 'web: a'}
APP = '[project]\nname = "shop"\n'
BACKEND = '[build-system]\nrequires = []\n'
LIMITS = '[project]\nrequires-python = "{}"\n'
SET = "os.environ['DJANGO_SETTINGS_MODULE'] = 'shop.settings'"
POETRY = '[tool.poetry.dependencies]\npython = "{}"'
MANAGE = "os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'shop.settings')"


def plan(requirements: str | bytes, files: dict[str, str | bytes] | None = None, **env: str) -> Plan:
    given = PROCFILE if files is None else files
    return PYTHON.plan(FakeSource({'requirements.txt': requirements, **given}), STACK, env)


def project_plan(files: dict[str, str | bytes], **env: str) -> Plan:
    return PYTHON.plan(FakeSource(PROCFILE | files), STACK, env)


def refusal(requirements: str | bytes, files: dict[str, str | bytes] | None = None) -> str:
    with pytest.raises(DetectError) as error:
        plan(requirements, files)
    return str(error.value)


def test_the_newest_python_of_the_stack_is_the_default() -> None:
    found = plan('')
    assert (found.choices[0].wanted, found.choices[0].source) == ('3.11.2', 'default of cedar-12')
    assert found.values['python'] == ('3.11.2',)


@pytest.mark.parametrize(
    ('name', 'text', 'exact'),
    [
        ('.python-version', '3.11\n', '3.11.2'),
        ('.python-version', '# ours\n\n3.10.9\r\n', '3.10.9'),
        ('runtime.txt', 'python-3.11.2\n', '3.11.2'),
        ('runtime.txt', 'python-3.10', '3.10.9'),
    ],
)
def test_a_version_file_chooses_among_the_pythons_of_the_stack(name: str, text: str, exact: str) -> None:
    found = plan('', PROCFILE | {name: text})
    assert found.values['python'] == (exact,)
    assert found.choices[0].source == name


@pytest.mark.parametrize(
    ('files', 'said'),
    [
        (
            {'.python-version': '3.13'},
            '.python-version asks for Python 3.13, and the stack cedar-12 has 3.10.9, 3.11.2: write "3.11"',
        ),
        ({'runtime.txt': 'python-3.11.9'}, 'write "python-3.11" into it'),
        ({'.python-version': '3.11', 'runtime.txt': 'python-3.11'}, 'both name a Python: delete runtime.txt'),
        ({'.python-version': '3.11\n3.10\n'}, '.python-version has 2 lines with versions: keep one'),
        ({'.python-version': b'\xef\xbb\xbf3.11'}, 'byte order mark'),
        ({'.python-version': '3.11'.encode('utf-16')}, 'byte order mark'),
        ({'.python-version': 'pypy3.10'}, 'no version of Python: write "3.11"'),
        ({'.python-version': '3'}, 'no version of Python'),
        ({'.python-version': '>=3.11'}, 'no version of Python'),
        ({'.python-version': '\n'}, 'names no version'),
        ({'runtime.txt': '3.11'}, 'no version of Python: write "python-3.11"'),
        ({'.python-version': '\u0663.\u0661\u0661'}, 'no version of Python'),
    ],
)
def test_a_version_that_is_not_there_is_refused_with_what_there_is(
    files: dict[str, str | bytes], said: str
) -> None:
    assert said in refusal('', PROCFILE | files)


def test_included_files_are_installed_from_before_the_code_comes() -> None:
    files = {'requirements/base.txt': '-c ../limits.txt\nsix', 'limits.txt': '', **PROCFILE}
    found = plan('-r requirements/base.txt  # all\n--requirement=limits.txt\nflask', files)
    assert found.values['manifests'] == ('requirements.txt', 'requirements/base.txt', 'limits.txt')
    assert found.values['tree_first'] is False


@pytest.mark.parametrize(
    'line',
    [
        '-e .',
        '.',
        './shop',
        '../x',
        'shop/',
        '--find-links wheels',
        'wheels/a-1.0-py3-none-any.whl',
        'a @ file:///app/src/a',
        '-r ${LIST}',
        '-r ../list.txt',
        '-r "a b.txt"',
        '--editable=./x',
        'a.tar.gz',
        '-f wheels',
        '-e ./x[y]',
    ],
)
def test_the_code_comes_first_where_installing_needs_it(line: str) -> None:
    assert plan(line).values['tree_first'] is True


@pytest.mark.parametrize(
    'line',
    [
        'flask==3.1.3',
        'flask[async] >= 3 ; python_version < "4"',
        'a @ https://host/a.whl',
        '--index-url https://host/simple',
        '--hash=sha256:ab',
        'a==1 \\\n  --hash=sha256:ab',
        '-r https://host/list.txt',
        '# ./x',
        '',
        '--no-binary :all:',
        '--pre',
    ],
)
def test_ordinary_lines_need_nothing_but_the_list(line: str) -> None:
    assert plan(line).values['tree_first'] is False


def test_an_included_file_that_is_missing_is_named_with_its_line() -> None:
    assert 'requirements.txt, line 2 includes base.txt, which is not in the commit' in refusal(
        'six\n-r base.txt'
    )


def test_files_that_include_each_other_end() -> None:
    assert plan('-r a.txt', {'a.txt': '-r requirements.txt', **PROCFILE}).values['manifests'] == (
        'requirements.txt',
        'a.txt',
    )


def test_a_chain_of_includes_has_an_end() -> None:
    files: dict[str, str | bytes] = {f'{number}.txt': f'-r {number + 1}.txt' for number in range(100)}
    assert 'more than 50 files' in refusal('-r 0.txt', files)


def test_a_conflict_marker_is_named_with_its_line() -> None:
    assert 'requirements.txt, line 2: a merge conflict marker' in refusal('six\n<<<<<<< HEAD\n')


def test_a_list_that_powershell_wrote_is_read() -> None:
    found = plan('django\n'.encode('utf-16'), PROCFILE | {'manage.py': ''})
    assert found.values['manage_py'] == 'manage.py'


@pytest.mark.parametrize('name', ['uv.lock', 'poetry.lock', 'pdm.lock', 'Pipfile.lock'])
def test_a_second_lock_file_is_refused_by_name(name: str) -> None:
    said = refusal('six', PROCFILE | {name: ''})
    assert f'requirements.txt and {name} may say different things' in said
    assert f'delete {name} if you use pip, else requirements.txt' in said


@pytest.mark.parametrize(
    ('files', 'tool', 'manifests', 'project'),
    [
        ({'uv.lock': '', 'pyproject.toml': APP}, 'uv', ('pyproject.toml', 'uv.lock'), ()),
        (
            {'uv.lock': '', 'pyproject.toml': APP + BACKEND},
            'uv',
            ('pyproject.toml', 'uv.lock'),
            ('sync', '--locked', '--no-default-groups', '--inexact'),
        ),
        ({'uv.lock': '', 'pyproject.toml': f'{APP}{BACKEND}[tool.uv]\npackage = false'}, 'uv', None, ()),
        ({'poetry.lock': '', 'pyproject.toml': APP}, 'poetry', None, ('install', '--only-root')),
        (
            {
                'poetry.lock': '',
                'pyproject.toml': f'{APP}[tool.poetry]\npackage-mode = false',
                'poetry.toml': '',
            },
            'poetry',
            ('pyproject.toml', 'poetry.lock', 'poetry.toml'),
            (),
        ),
        ({'pdm.lock': '', 'pyproject.toml': APP + BACKEND}, 'pdm', None, ('install', '--check', '--prod')),
        (
            {'pdm.lock': '', 'pyproject.toml': f'{APP}{BACKEND}[tool.pdm]\ndistribution = false'},
            'pdm',
            None,
            (),
        ),
        (
            {'Pipfile.lock': '{}', 'Pipfile': '[packages]\nflask = "*"'},
            'pipenv',
            ('Pipfile', 'Pipfile.lock'),
            (),
        ),
    ],
)
def test_a_lock_file_chooses_the_tool_that_installs(
    files: dict[str, str | bytes], tool: str, manifests: tuple[str, ...] | None, project: tuple[str, ...]
) -> None:
    values = project_plan(files).values
    assert (values['tool'], values['install_project'], values['tree_first']) == (tool, project, False)
    assert manifests is None or values['manifests'] == manifests


@pytest.mark.parametrize(
    ('files', 'said'),
    [
        ({'Pipfile': ''}, 'Pipfile has no Pipfile.lock beside it: run "pipenv lock" and commit both'),
        ({'pyproject.toml': '[tool.poetry]'}, 'has no poetry.lock beside it: run "poetry lock"'),
        ({'pyproject.toml': '[tool.pdm]'}, 'has no pdm.lock beside it: run "pdm lock"'),
        ({'pyproject.toml': '[tool.uv]'}, 'has no uv.lock beside it: run "uv lock"'),
        ({'pyproject.toml': '[project]'}, 'alone does not say which versions to install: run "uv lock"'),
        ({'setup.py': ''}, 'setup.py alone does not say which versions to install: add a requirements.txt'),
        ({'uv.lock': ''}, 'uv.lock is there and pyproject.toml is not: commit both'),
        ({'Pipfile.lock': '{}'}, 'Pipfile.lock is there and Pipfile is not: commit both'),
        (
            {'uv.lock': '', 'poetry.lock': '', 'pyproject.toml': APP},
            'delete poetry.lock if you use uv, else uv.lock',
        ),
        ({'uv.lock': '', 'pyproject.toml': 'a = '}, 'pyproject.toml is not TOML: '),
        ({'uv.lock': '', 'pyproject.toml': '\n<<<<<<< HEAD\n'}, 'merge conflict marker (line 2)'),
        ({'uv.lock': '=======\n', 'pyproject.toml': APP}, 'uv.lock has a merge conflict marker (line 1)'),
        ({'poetry.lock': b'\xff', 'pyproject.toml': APP}, 'poetry.lock is not UTF-8 (byte 0)'),
        ({'pdm.lock': f'a = {"[" * 5000}', 'pyproject.toml': APP}, 'pdm.lock is not usable TOML'),
        ({'uv.lock': f'a = {"9" * 5000}', 'pyproject.toml': APP}, 'uv.lock is not usable TOML'),
        ({'Pipfile.lock': '{', 'Pipfile': ''}, 'Pipfile.lock is not JSON'),
        (
            {'uv.lock': '', 'pyproject.toml': f'a = "{"x" * 10_000_000}"'},
            'pyproject.toml has 10,000,006 bytes',
        ),
    ],
)
def test_what_does_not_say_which_versions_to_install_is_refused_with_the_remedy(
    files: dict[str, str | bytes], said: str
) -> None:
    with pytest.raises(DetectError) as error:
        project_plan(files)
    assert said in str(error.value)
    assert len(str(error.value)) < 300


@pytest.mark.parametrize(
    ('files', 'lock'),
    [
        ({'pyproject.toml': APP}, 'uv.lock\n[[package]]\nname = "x"\nsource = { editable = "x" }'),
        ({'pyproject.toml': APP}, 'uv.lock\n[[package]]\nname = "x"\nsource = { directory = "../x" }'),
        (
            {'pyproject.toml': APP},
            'poetry.lock\n[[package]]\n[package.source]\ntype = "directory"\nurl = "x"',
        ),
        ({'pyproject.toml': APP}, 'pdm.lock\n[[package]]\npath = "./x"'),
        ({'Pipfile': ''}, 'Pipfile.lock\n{"default": {"x": {"path": "./x"}}}'),
    ],
)
def test_a_package_in_the_repository_needs_the_code_first(files: dict[str, str | bytes], lock: str) -> None:
    name, _, content = lock.partition('\n')
    if name == 'uv.lock':
        content = content.replace('"../x"', '"./x"').replace('"./x"', '"x"')
    assert project_plan(files | {name: content}).values['tree_first'] is True
    own = '[[package]]\nname = "shop"\nsource = { virtual = "." }'
    assert project_plan({'pyproject.toml': APP, 'uv.lock': own}).values['tree_first'] is False


@pytest.mark.parametrize(
    ('files', 'exact', 'source'),
    [
        ({'pyproject.toml': LIMITS.format('>=3.10,<3.11')}, '3.10.9', 'requires-python in pyproject.toml'),
        ({'pyproject.toml': LIMITS.format('~=3.11')}, '3.11.2', 'requires-python in pyproject.toml'),
        ({'pyproject.toml': LIMITS.format('^3.10'), '.python-version': '3.10'}, '3.10.9', '.python-version'),
        (
            {'pyproject.toml': '[tool.poetry.dependencies]\npython = "^3.10,<3.11"'},
            '3.10.9',
            'python in pyproject.toml',
        ),
        ({'pyproject.toml': POETRY.format('*')}, '3.11.2', 'python in pyproject.toml'),
        ({'pyproject.toml': POETRY.format('3.10.*')}, '3.10.9', 'python in pyproject.toml'),
        ({'pyproject.toml': POETRY.format('3.10')}, '3.10.9', 'python in pyproject.toml'),
    ],
)
def test_the_project_limits_the_pythons_of_the_stack(
    files: dict[str, str | bytes], exact: str, source: str
) -> None:
    choice = project_plan({'uv.lock': '', **files}).choices[0]
    assert (choice.wanted, choice.source) == (exact, source)


@pytest.mark.parametrize(
    ('meta', 'said'),
    [
        ('{"python_version": "3.10"}', '3.10.9'),
        ('{"python_version": "3.10", "python_full_version": "3.11.2"}', '3.11.2'),
        ('{}', '3.11.2'),
        ('[]', '3.11.2'),
        ('{"python_version": "3.13"}', 'Pipfile.lock asks for Python 3.13, and the stack cedar-12 has'),
        ('{"python_version": "$(id)"}', 'is no version of Python'),
        ('{"python_version": 3.11}', 'is no version of Python'),
    ],
)
def test_pipfile_lock_chooses_a_python_too(meta: str, said: str) -> None:
    lock = f'{{"_meta": {{"requires": {meta}}}}}'
    try:
        found = str(project_plan({'Pipfile': '', 'Pipfile.lock': lock}).choices[0].wanted)
    except DetectError as error:
        found = str(error)
    assert said in found


@pytest.mark.parametrize(
    'limits', ['$(touch /tmp/x)', "';id;'", '>=3.11 && id', 'x' * 300, '>=3.11\\nRUN id']
)
def test_limits_that_are_none_are_refused(limits: str) -> None:
    with pytest.raises(DetectError, match=r'is no range of versions: write one such as ">=3\.11"'):
        project_plan({'uv.lock': '', 'pyproject.toml': LIMITS.format(limits)})
    with pytest.raises(DetectError, match='is no range of versions'):
        project_plan({'uv.lock': '', 'pyproject.toml': '[project]\nrequires-python = 3.11'})


def test_a_python_that_the_stack_lacks_comes_from_the_mirror_if_there_is_one() -> None:
    mirrored = replace(STACK, python_mirror='https://mirror.example/pythons')
    files: dict[str, str | bytes] = {'requirements.txt': '', **PROCFILE}
    found = PYTHON.plan(FakeSource(files | {'.python-version': '3.13'}), mirrored, {})
    assert found.values['python'] == ('3.13', 'https://mirror.example/pythons')
    there = PYTHON.plan(FakeSource(files | {'.python-version': '3.11'}), mirrored, {})
    assert there.values['python'] == ('3.11.2',)


@pytest.mark.parametrize('name', ['.python_version', 'python-version', 'Runtime.txt', '.python-version.txt'])
def test_a_misspelt_version_file_is_refused_with_its_right_name(name: str) -> None:
    assert f'{name} chooses no Python: rename it to ' in refusal('', PROCFILE | {name: '3.11'})


def test_a_pyproject_that_is_about_linters_does_not_make_a_python_app() -> None:
    assert PYTHON.detect(FakeSource({'pyproject.toml': '[tool.ruff]\nline-length = 99'})) is None
    assert PYTHON.detect(FakeSource({'pyproject.toml': '[project]'})) == 'pyproject.toml'
    assert PYTHON.detect(FakeSource({'pyproject.toml': 'broken'})) == 'pyproject.toml'


def test_programs_of_the_app_run_before_and_after_its_packages_are_installed() -> None:
    values = plan('', PROCFILE | {'bin/pre_compile': '', 'bin/post_compile': ''}).values
    assert (values['pre_compile'], values['post_compile']) == ('bin/pre_compile', 'bin/post_compile')
    assert (values['tree_first'], values['needs_source_version']) == (True, True)


@pytest.mark.parametrize(
    ('files', 'command'),
    [
        (
            {
                'uv.lock': '',
                'pyproject.toml': '[project]\ndependencies = ["Fast_API==1", "uvicorn[standard]>=0.3"]',
            },
            '',
        ),
        (
            {
                'uv.lock': '',
                'pyproject.toml': '[project]\ndependencies = ["FastAPI==1", "uvicorn[standard]>=0.3"]',
            },
            'uvicorn app:app',
        ),
        (
            {
                'poetry.lock': '',
                'pyproject.toml': '[tool.poetry.dependencies]\nfastapi = {version = "1", extras = ["standard"]}',
            },
            'uvicorn app:app',
        ),
        ({'Pipfile.lock': '{}', 'Pipfile': '[packages]\nFlask = "*"\ngunicorn = "*"'}, 'gunicorn'),
    ],
)
def test_frameworks_are_found_whatever_installs_them(files: dict[str, str | bytes], command: str) -> None:
    source = FakeSource({'app.py': 'app = make()', **files})
    try:
        found = PYTHON.plan(source, STACK, {}).processes[0].command
    except DetectError as error:
        found = str(error) if command else ''
    assert found.startswith(command)


@pytest.mark.parametrize(
    ('requirements', 'files', 'command'),
    [
        (
            'Django\ngunicorn',
            {'manage.py': MANAGE, 'shop/wsgi.py': ''},
            'gunicorn --bind "0.0.0.0:$PORT" shop.wsgi',
        ),
        (
            'Django\ngunicorn',
            {'site/manage.py': MANAGE, 'site/shop/wsgi.py': ''},
            'gunicorn --bind "0.0.0.0:$PORT" --chdir site shop.wsgi',
        ),
        (
            'djangorestframework\nuvicorn',
            {'site/manage.py': SET, 'site/shop/asgi.py': ''},
            'uvicorn shop.asgi:application --host 0.0.0.0 --port "$PORT" --app-dir site',
        ),
        (
            'flask\ngunicorn',
            {'app/__init__.py': 'app = Flask(__name__)'},
            'gunicorn --bind "0.0.0.0:$PORT" app:app',
        ),
        (
            'Flask\nGunicorn[gevent]',
            {'app.py': 'app = Flask(__name__)'},
            'gunicorn --bind "0.0.0.0:$PORT" app:app',
        ),
        (
            'flask\ngunicorn',
            {'wsgi.py': 'application = make()'},
            'gunicorn --bind "0.0.0.0:$PORT" wsgi:application',
        ),
        (
            'fastapi\nuvicorn',
            {'main.py': 'app: FastAPI = FastAPI()'},
            'uvicorn main:app --host 0.0.0.0 --port "$PORT"',
        ),
        (
            'fastapi[standard]',
            {'app/main.py': 'app = FastAPI()'},
            'uvicorn app.main:app --host 0.0.0.0 --port "$PORT"',
        ),
    ],
)
def test_frameworks_start_without_a_procfile(
    requirements: str, files: dict[str, str | bytes], command: str
) -> None:
    found = plan(requirements, files)
    assert [(process.name, process.command) for process in found.processes] == [('web', command)]
    assert 'No Procfile' in found.processes_from


@pytest.mark.parametrize(
    ('requirements', 'files', 'said'),
    [
        ('six', {'web.py': ''}, 'add a Procfile with "web: COMMAND"'),
        ('flask', {'app.py': 'app = 1'}, 'gunicorn (for flask) to requirements.txt'),
        ('django', {'manage.py': MANAGE, 'shop/wsgi.py': ''}, 'gunicorn (for django) to requirements.txt'),
        ('fastapi', {'main.py': 'app = 1'}, 'uvicorn (for fastapi) to requirements.txt'),
        (
            'flask\ngunicorn',
            {'app.py': 'def create(): pass'},
            '"web: gunicorn --bind 0.0.0.0:$PORT MODULE:APP"',
        ),
        ('fastapi\nuvicorn', {'api.py': ''}, '"web: uvicorn MODULE:APP --host 0.0.0.0 --port $PORT"'),
        ('django\ngunicorn', {'$(id)/manage.py': MANAGE, '$(id)/shop/wsgi.py': ''}, 'add a Procfile'),
    ],
)
def test_an_app_that_cannot_be_started_is_refused_with_what_to_add(
    requirements: str, files: dict[str, str | bytes], said: str
) -> None:
    assert said in refusal(requirements, files)


def test_static_files_are_collected_for_django_unless_switched_off() -> None:
    files = PROCFILE | {'site/manage.py': ''}
    assert plan('django', files).values['manage_py'] == 'site/manage.py'
    assert plan('django', files).values['needs_source_version'] is True
    assert plan('django', files, DISABLE_COLLECTSTATIC='1').values['manage_py'] == ''
    assert plan('django', files, DISABLE_COLLECTSTATIC='0').values['manage_py'] == 'site/manage.py'
    assert plan('wagtail', PROCFILE | {'manage.py': MANAGE}).values['manage_py'] == 'manage.py'
    assert plan('flask-script', PROCFILE | {'manage.py': 'run()'}).values['manage_py'] == ''


def test_what_is_in_the_repository_and_not_used_is_told() -> None:
    notes = ' '.join(plan('', PROCFILE | {'venv/pyvenv.cfg': '', 'runtime.txt': 'python-3.11'}).notes)
    assert 'venv is in the repository' in notes
    assert 'runtime.txt is the old way' in notes
    assert any('nltk.txt is not read' in note for note in plan('', PROCFILE | {'nltk.txt': 'punkt'}).notes)


def test_a_stack_without_python_says_so() -> None:
    bare = Stack(name='bare', run_image='run', build_image='build', uid=1000)
    with pytest.raises(DetectError, match='the stack bare has no Python'):
        PYTHON.plan(FakeSource({'requirements.txt': '', **PROCFILE}), bare, {})


@given(
    st.sampled_from(
        ['uv.lock', 'poetry.lock', 'pdm.lock', 'Pipfile.lock', 'pyproject.toml', '.python-version']
    ),
    st.binary(max_size=80)
    | st.sampled_from([b'{"_meta": 1}', b'[project]', b'[project]\ndependencies = 1', b'tool = 1']),
)
def test_any_bytes_in_any_file_are_planned_or_refused(name: str, content: bytes) -> None:
    lock = 'Pipfile.lock' if name == 'Pipfile.lock' else 'uv.lock'
    files: dict[str, str | bytes] = {'pyproject.toml': APP, 'Pipfile': ''} if name != 'pyproject.toml' else {}
    try:
        project_plan({**files, **({} if name.endswith('.lock') else {lock: ''}), name: content})
    except DetectError as error:
        assert len(str(error)) < 400


@given(st.binary(max_size=200))
def test_any_bytes_are_planned_or_refused(content: bytes) -> None:
    try:
        found = plan(content)
    except DetectError as error:
        assert len(str(error)) < 400
        return
    for value in found.values.values():
        assert isinstance(value, str | bool) or all(isinstance(word, str) for word in value)


@pytest.mark.parametrize(
    ('files', 'marker', 'processes'),
    [
        ({'main.py': ''}, 'main.py', ['web: python main.py']),
        ({'app.py': ''}, 'app.py', ['web: python app.py']),
        ({'web.py': '', 'Procfile': 'web: python3 -u web.py $PORT'}, 'web.py', []),
        ({'web/run.py': '', 'Procfile': 'web: cd web && python ./web/run.py'}, 'web/run.py', []),
    ],
)
def test_an_app_without_packages_is_one_by_what_starts_it(
    files: dict[str, str | bytes], marker: str, processes: list[str]
) -> None:
    found = PYTHON.plan(FakeSource(files), STACK, {})
    assert (PYTHON.detect(FakeSource(files)), found.reason) == (marker, marker)
    assert [f'{one.name}: {one.command}' for one in found.processes] == processes
    assert (found.values['manifests'], found.values['install']) == ((), ())
    assert 'There is no requirements.txt: no packages are installed.' in found.notes


@pytest.mark.parametrize(
    'files',
    [
        {'Procfile': 'web: python3 gone.py'},
        {'Procfile': 'web: ./serve', 'main.py': ''},
        {'tool.py': ''},
    ],
)
def test_a_python_file_alone_does_not_make_a_python_app(files: dict[str, str | bytes]) -> None:
    assert PYTHON.detect(FakeSource(files)) is None


def test_a_program_of_custom_is_started_where_no_framework_is_asked_for() -> None:
    found = plan('six\n', {'main.py': ''})
    assert [one.command for one in found.processes] == ['python main.py']
