"""What the Python buildpack plans, from requirements.txt and what lies beside it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitreceive.buildpack import load_buildpacks
from gitreceive.errors import DetectError
from gitreceive.model import Plan, Stack
from tests.fakes import FakeSource

STACK = Stack(name='cedar-12', run_image='run', build_image='build', uid=1000, pythons=('3.10.9', '3.11.2'))
PYTHON = next(buildpack for buildpack in load_buildpacks() if buildpack.name == 'python')
PROCFILE = {'Procfile': 'web: a'}
MANAGE = "os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'shop.settings')"


def plan(requirements: str | bytes, files: dict[str, str | bytes] | None = None, **env: str) -> Plan:
    given = PROCFILE if files is None else files
    return PYTHON.plan(FakeSource({'requirements.txt': requirements, **given}), STACK, env)


def refusal(requirements: str | bytes, files: dict[str, str | bytes] | None = None) -> str:
    with pytest.raises(DetectError) as error:
        plan(requirements, files)
    return str(error.value)


def test_the_newest_python_of_the_stack_is_the_default() -> None:
    found = plan('')
    assert (found.choices[0].wanted, found.choices[0].source) == ('3.11.2', 'default of cedar-12')
    assert found.values['python'] == '3.11.2'


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
    assert found.values['python'] == exact
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


@pytest.mark.parametrize('name', ['poetry.lock', 'uv.lock', 'Pipfile.lock'])
def test_a_second_lock_file_is_refused_by_name(name: str) -> None:
    said = refusal('six', PROCFILE | {name: ''})
    assert f'requirements.txt and {name} may say different things' in said
    assert f'delete {name}' in said


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
        ('six', {'main.py': ''}, 'add a Procfile with "web: COMMAND"'),
        ('flask', {'app.py': 'app = 1'}, 'gunicorn (for flask) to requirements.txt'),
        ('django', {'manage.py': MANAGE, 'shop/wsgi.py': ''}, 'gunicorn (for django) to requirements.txt'),
        ('fastapi', {'main.py': 'app = 1'}, 'uvicorn (for fastapi) to requirements.txt'),
        ('flask\ngunicorn', {'app.py': 'def create(): pass'}, 'add a Procfile'),
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


def test_a_stack_without_python_says_so() -> None:
    bare = Stack(name='bare', run_image='run', build_image='build', uid=1000)
    with pytest.raises(DetectError, match='the stack bare has no Python'):
        PYTHON.plan(FakeSource({'requirements.txt': '', **PROCFILE}), bare, {})


@given(st.binary(max_size=200))
def test_any_bytes_are_planned_or_refused(content: bytes) -> None:
    try:
        found = plan(content)
    except DetectError as error:
        assert len(str(error)) < 400
        return
    for value in found.values.values():
        assert isinstance(value, str | bool) or all(isinstance(word, str) for word in value)
