"""Python apps: requirements.txt, installed by pip into a copy of the stack's own Python."""

import re
from collections.abc import Iterable, Iterator, Mapping

from gitreceive.errors import DetectError
from gitreceive.manifest import plain_path, read_manifest, read_text
from gitreceive.model import Choice, Plan, ProcessType, Stack
from gitreceive.ports import Source

MARKERS = ('requirements.txt',)

HINTS = {
    'uv.lock': 'write the lock file as a requirements.txt (uv export --no-dev -o requirements.txt) and commit it',
    'poetry.lock': 'write the lock file as a requirements.txt (poetry export -o requirements.txt) and commit it',
    'Pipfile.lock': 'write the lock file as a requirements.txt (pipenv requirements > requirements.txt) and commit it',
    'Pipfile': 'write a requirements.txt (pipenv requirements > requirements.txt) and commit it',
    'pyproject.toml': 'add a requirements.txt; with the one line "." it installs the project of pyproject.toml',
    'setup.py': 'add a requirements.txt; with the one line "." it installs the project of setup.py',
    'requirement.txt': 'rename requirement.txt to requirements.txt',
    'Requirements.txt': 'rename Requirements.txt to requirements.txt',
    'requirements.in': 'compile requirements.in to requirements.txt (pip-compile) and commit it',
    'manage.py': 'add a requirements.txt with the packages that the app needs (pip freeze > requirements.txt)',
    'app.py': 'add a requirements.txt with the packages that the app needs; it may be empty',
    'main.py': 'add a requirements.txt with the packages that the app needs; it may be empty',
}

OTHER_LOCKS = ('Pipfile.lock', 'poetry.lock', 'uv.lock')
ENVIRONMENTS = ('.venv', 'venv', 'env')
MOST_INCLUDES = 50

INCLUDE = re.compile(r'(?:-r|-c|--requirement|--constraint)(?:\s+|=|(?<=-[rc]))(.+)')
LOCAL = re.compile(
    r'(?:-e|--editable|-f|--find-links)\b|[./~]|[\w.+-]+\.(?:whl|zip|tar\.gz)$|[\w./+-]+/[\w./+-]*$|.*@\s*file:|file:'
)
NAME = re.compile(r'([A-Za-z0-9][A-Za-z0-9._-]*)\s*(\[[^\]]{0,200}\])?')
CONFLICT = re.compile(r'(<{7}|={7}|>{7})( |$)')
VERSION = re.compile(r'(\d+\.\d+)(\.\d+)?', re.ASCII)
SETTINGS = re.compile(r"""DJANGO_SETTINGS_MODULE['"]\s*,\s*['"]([A-Za-z_]\w*)""", re.ASCII)
WSGI_APP = re.compile(r'^(app|application)\s*(?::[^=\n]{1,100})?=', re.MULTILINE)

CAUSES = (
    (
        r'No matching distribution found for ([^\s]{1,200})',
        r'there is no package that satisfies \g<1>\nCorrect the line in requirements.txt; it may also need another version of Python.',
    ),
    (
        r'(?:THESE PACKAGES DO NOT MATCH THE HASHES|Hashes are required in --require-hashes mode)',
        'the hashes in requirements.txt do not match\nWrite the file again with its tool (pip-compile, uv) and commit it.',
    ),
    (
        r'ResolutionImpossible|conflicting dependencies',
        'requirements contradict each other\nThe lines above name them: change one of the versions in requirements.txt.',
    ),
    (
        r'Invalid requirement: ([^\n]{1,120})',
        r'requirements.txt has a line that is none: \g<1>\nCorrect or remove it.',
    ),
    (
        r'pg_config executable not found',
        'psycopg2 could not be compiled\nAsk for psycopg2-binary, or for a version that has a wheel.',
    ),
    (
        r'Failed (?:to build|building wheel for) ([\w.-]{1,80})|error: command \S{1,80} failed',
        "a package could not be compiled\nIts first error is above: take a version that has a wheel for this Python, or one that fits the stack's libraries.",
    ),
    (
        r'SECRET_KEY setting must not be empty|KeyError: \'(?:DJANGO_)?SECRET_KEY\'|SECRET_KEY not found',
        "Django's settings need SECRET_KEY while static files are collected\nSet it: gitreceive config set APP SECRET_KEY=..., or give the settings a default for builds.",
    ),
    (
        r'without having set the STATIC_ROOT setting',
        'Django does not know where to collect static files\nSet STATIC_ROOT = BASE_DIR / "staticfiles" in the settings, or set the config var DISABLE_COLLECTSTATIC=1.',
    ),
    (
        r"KeyError: '(\w{1,60})'",
        r'the app needs the variable \g<1> while it is built\nSet it as a config var, or give it a default in the settings.',
    ),
    (
        r"ModuleNotFoundError: No module named '([\w.]{1,100})'",
        r'the module \g<1> is not installed\nAdd its package to requirements.txt.',
    ),
    (
        r'ImproperlyConfigured: ([^\n]{1,200})',
        r'Django: \g<1>\nCorrect the settings, or set the config var DISABLE_COLLECTSTATIC=1 if static files are not needed.',
    ),
    (
        r'ERROR: Could not find a version that satisfies the requirement ([^\s]{1,200})',
        r'there is no version that satisfies \g<1>\nCorrect the line in requirements.txt.',
    ),
)


def detect(source: Source) -> str | None:
    """requirements.txt, if there is one."""
    return MARKERS[0] if source.exists(MARKERS[0]) else None


def plan(source: Source, stack: Stack, env: Mapping[str, str]) -> Plan:
    """How the app is built. Raises DetectError for manifests that contradict each other or cannot be used."""
    _refuse_other_locks(source)
    choice, exact = _python(source, stack)
    requirements = _Requirements(source)
    manage_py = _manage_py(source, requirements.names) if _wanted(env) else ''
    processes, processes_from = _processes(source, requirements.names)
    return Plan(
        buildpack='python',
        title='Python',
        reason=MARKERS[0],
        choices=(choice,),
        values={
            'python': exact,
            'manifests': tuple(requirements.files),
            'tree_first': requirements.needs_tree,
            'manage_py': manage_py,
            'needs_source_version': bool(manage_py),
        },
        processes=processes,
        processes_from=processes_from,
        notes=tuple(_notes(source)),
    )


class _Requirements:
    """requirements.txt and the files that it includes. ``names`` are the packages in lower case, with "-"."""

    def __init__(self, source: Source) -> None:
        self.files: list[str] = []
        self.names: dict[str, str] = {}
        self.needs_tree = False
        self._source = source
        self._take(MARKERS[0])

    def _take(self, path: str) -> None:
        if path in self.files:
            return
        if len(self.files) >= MOST_INCLUDES:
            raise DetectError(f'requirements.txt includes more than {MOST_INCLUDES} files: put them together')
        self.files.append(path)
        for number, line in _lines(read_text(self._source, path)):
            if CONFLICT.match(line):
                raise DetectError(
                    f'{path}, line {number}: a merge conflict marker; resolve the conflict and commit the result'
                )
            self._line(path, number, line)

    def _line(self, path: str, number: int, line: str) -> None:
        include = INCLUDE.match(line)
        if include:
            self._include(path, number, include[1].strip().strip('"\''))
        elif LOCAL.match(line):
            self.needs_tree = True
        elif not line.startswith('-') and (name := NAME.match(line)):
            self.names[re.sub('[-_.]+', '-', name[1]).lower()] = name[2] or ''

    def _include(self, path: str, number: int, target: str) -> None:
        if '://' in target:
            return
        folder = path.rpartition('/')[0]
        joined = _joined(folder, target)
        if not joined or not plain_path(joined):
            self.needs_tree = True
        elif not self._source.exists(joined):
            shown = ascii(target[:80])[1:-1]
            raise DetectError(
                f'{path}, line {number} includes {shown}, which is not in the commit: add it, or remove the line'
            )
        else:
            self._take(joined)


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Logical lines with the number of their first: ``\\`` at the end joins, ``#`` after a blank begins a comment."""
    held, first = '', 1
    for number, line in enumerate(text.splitlines(), start=1):
        first = first if held else number
        if line.endswith('\\') and not line.lstrip().startswith('#'):
            held += line[:-1] + ' '
            continue
        found = re.sub(r'(^|\s)#.*', '', held + line).strip()
        held = ''
        if found:
            yield first, found
    if held.strip():
        yield first, held.strip()


def _joined(folder: str, target: str) -> str:
    """``target`` seen from ``folder``, or an empty string if that leaves the tree."""
    parts = folder.split('/') if folder else []
    for part in target.split('/'):
        if part == '..':
            if not parts:
                return ''
            parts.pop()
        elif part not in ('', '.'):
            parts.append(part)
    return '' if target.startswith('/') else '/'.join(parts)


def _python(source: Source, stack: Stack) -> tuple[Choice, str]:
    if not stack.pythons:
        raise DetectError(f'the stack {stack.name} has no Python: its sysadmin should build it again')
    asked = _asked(source)
    if asked is None:
        newest = stack.pythons[-1]
        return Choice(tool='Python', wanted=newest, source=f'default of {stack.name}'), newest
    wanted, where = asked
    fitting = [version for version in stack.pythons if version == wanted or version.startswith(f'{wanted}.')]
    if not fitting:
        there = ', '.join(stack.pythons)
        minor = stack.pythons[-1].rpartition('.')[0]
        raise DetectError(
            f'{where} asks for Python {wanted}, and the stack {stack.name} has {there}: '
            f'write "{_form(where, minor)}" into it, or remove the file'
        )
    return Choice(tool='Python', wanted=fitting[-1], source=where), fitting[-1]


def _asked(source: Source) -> tuple[str, str] | None:
    there = [name for name in ('.python-version', 'runtime.txt') if source.exists(name)]
    if len(there) > 1:
        raise DetectError('.python-version and runtime.txt both name a Python: delete runtime.txt')
    if not there:
        return None
    where = there[0]
    text = _version_text(source, where)
    match = VERSION.fullmatch(text.removeprefix('python-') if where == 'runtime.txt' else text)
    if not match or (where == 'runtime.txt' and not text.startswith('python-')):
        raise DetectError(
            f'{where} says {ascii(text[:60])}, which is no version of Python: write "{_form(where, "3.11")}"'
        )
    return match[0], where


def _version_text(source: Source, where: str) -> str:
    content = read_manifest(source, where)
    if content.startswith((b'\xef\xbb\xbf', b'\xff\xfe', b'\xfe\xff')):
        raise DetectError(f'{where} begins with a byte order mark: save it as UTF-8 without BOM')
    text = content.decode('utf-8', 'replace')
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.strip().startswith('#')]
    if not lines:
        raise DetectError(f'{where} names no version: write "{_form(where, "3.11")}", or delete the file')
    if len(lines) > 1:
        raise DetectError(
            f'{where} has {len(lines)} lines with versions: keep one, such as "{_form(where, "3.11")}"'
        )
    return lines[0]


def _form(where: str, version: str) -> str:
    return f'python-{version}' if where == 'runtime.txt' else version


def _refuse_other_locks(source: Source) -> None:
    for name in OTHER_LOCKS:
        if source.exists(name):
            raise DetectError(
                f'requirements.txt and {name} may say different things, and only requirements.txt is used: '
                f'delete {name}, or keep it out of the repository that you push'
            )


def _wanted(env: Mapping[str, str]) -> bool:
    return env.get('DISABLE_COLLECTSTATIC', '0') in ('', '0')


def _manage_py(source: Source, names: Mapping[str, str]) -> str:
    """The path of Django's manage.py, at the root or one directory below, or an empty string."""
    for path in ('manage.py', *source.glob('*/manage.py')):
        if plain_path(path) and source.exists(path):
            if 'django' in names or 'DJANGO_SETTINGS_MODULE' in read_text(source, path):
                return path
    return ''


def _processes(source: Source, names: Mapping[str, str]) -> tuple[tuple[ProcessType, ...], str]:
    if source.exists('Procfile'):
        return (), 'Procfile'
    for framework, find in (('Django', _django), ('FastAPI', _fastapi), ('Flask', _flask)):
        command = find(source, names)
        if command:
            return (ProcessType(name='web', command=command),), f'No Procfile, so the default for {framework}'
    raise DetectError(_no_process(names))


def _no_process(names: Mapping[str, str]) -> str:
    text = 'nothing says how the app is started: add a Procfile with "web: COMMAND"'
    server = next(
        (
            f'gunicorn (for {name})'
            for name in ('django', 'flask')
            if name in names and 'gunicorn' not in names
        ),
        '',
    )
    if not server and 'fastapi' in names and not _has_uvicorn(names):
        server = 'uvicorn (for fastapi)'
    return f'{text}, and {server} to requirements.txt' if server else text


def _django(source: Source, names: Mapping[str, str]) -> str:
    path = _manage_py(source, names) if 'gunicorn' in names and 'django' in names else ''
    if not path:
        return ''
    folder = path.rpartition('/')[0]
    match = SETTINGS.search(read_text(source, path))
    if not match or not source.exists(f'{folder}/{match[1]}/wsgi.py'.lstrip('/')):
        return ''
    chdir = f'--chdir {folder} ' if folder else ''
    return f'gunicorn --bind "0.0.0.0:$PORT" {chdir}{match[1]}.wsgi'


def _flask(source: Source, names: Mapping[str, str]) -> str:
    found = _app(source) if 'flask' in names and 'gunicorn' in names else ''
    return f'gunicorn --bind "0.0.0.0:$PORT" {found}' if found else ''


def _fastapi(source: Source, names: Mapping[str, str]) -> str:
    found = _app(source) if 'fastapi' in names and _has_uvicorn(names) else ''
    return f'uvicorn {found} --host 0.0.0.0 --port "$PORT"' if found else ''


def _has_uvicorn(names: Mapping[str, str]) -> bool:
    return 'uvicorn' in names or 'standard' in names.get('fastapi', '') or 'all' in names.get('fastapi', '')


def _app(source: Source) -> str:
    """``module:variable`` of the WSGI or ASGI app, or an empty string."""
    for module in ('app', 'main', 'wsgi', 'asgi', 'app.main'):
        path = module.replace('.', '/') + '.py'
        match = WSGI_APP.search(read_text(source, path)) if source.exists(path) else None
        if match:
            return f'{module}:{match[1]}'
    return ''


def _notes(source: Source) -> Iterable[str]:
    for folder in ENVIRONMENTS:
        if source.exists(f'{folder}/pyvenv.cfg'):
            yield f'{folder} is in the repository and is not used: "git rm -r --cached {folder}" and add it to .gitignore.'
    if source.exists('runtime.txt'):
        yield 'runtime.txt is the old way to choose a Python: put the version into .python-version instead.'
