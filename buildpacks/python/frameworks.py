"""Django, FastAPI and Flask: where they are, and how they are started without a Procfile."""

import re
from collections.abc import Collection, Mapping
from itertools import chain

from gitreceive.build.appfiles.manifest import plain_path, read_text
from gitreceive.build.ports import Source
from gitreceive.model.errors import DetectError
from gitreceive.model.process import ProcessType

SETTINGS = re.compile(r"""DJANGO_SETTINGS_MODULE['"]\s*(?:,|\]\s*=)\s*['"]([A-Za-z_]\w*)""", re.ASCII)
WSGI_APP = re.compile(r'^(app|application)\s*(?::[^=\n]{1,100})?=', re.MULTILINE)

MODULES = {
    'app.py': 'app',
    'main.py': 'main',
    'wsgi.py': 'wsgi',
    'asgi.py': 'asgi',
    'server.py': 'server',
    'application.py': 'application',
    'app/__init__.py': 'app',
    'app/main.py': 'app.main',
}
"""Where the app's object is by custom, and the name of that module."""

PROGRAMS = ('main.py', 'app.py')
"""What starts an app by custom, where nothing says so."""

SERVED = frozenset(('fastapi', 'django', 'flask'))
"""Frameworks whose apps are started by a server."""

MANAGE_PY = ('manage.py', '*/manage.py', '*/*/manage.py')
"""Where Heroku's buildpack looks for it, and no deeper."""


def manage_py(source: Source, names: Mapping[str, str]) -> str:
    """The path of Django's manage.py, at the root or up to two directories below, or an empty string."""
    for path in chain.from_iterable(map(source.glob, MANAGE_PY)):
        if plain_path(path) and source.exists(path):
            if 'django' in names or 'DJANGO_SETTINGS_MODULE' in read_text(source, path):
                return path
    return ''


def processes(source: Source, names: Mapping[str, str], manifest: str) -> tuple[tuple[ProcessType, ...], str]:
    """The process types of an app without a Procfile, and who says so. ``names`` are the packages in ``manifest``.

    Raises DetectError, with what to add, if nothing says how the app is started.
    """
    if source.exists('Procfile'):
        return (), 'Procfile'
    for framework, find in (('Django', _django), ('FastAPI', _fastapi), ('Flask', _flask)):
        command = find(source, names)
        if command:
            return (ProcessType(name='web', command=command),), f'No Procfile, so the default for {framework}'
    program = program_of_custom(source)
    if program and not SERVED.intersection(names):
        command = f'python {program}'
        return (
            ProcessType(name='web', command=command),
        ), f'No Procfile, so the default for Python ({program})'
    raise DetectError(_no_process(names, manifest))


def program_of_custom(source: Source, lists: Collection[str] = ()) -> str:
    """What starts an app where nothing says so, or an empty string.

    None counts where a Procfile or one of ``lists`` is there as a symbolic link, which is not followed.
    """
    program = next((name for name in PROGRAMS if source.exists(name)), '')
    if program and any(file.kind == 'link' and file.path in ('Procfile', *lists) for file in source.files()):
        return ''
    return program


def _no_process(names: Mapping[str, str], manifest: str) -> str:
    text = 'nothing says how the app is started: add a Procfile with'
    served = next((name for name in ('fastapi', 'django', 'flask') if name in names), '')
    if served and _has_uvicorn(names):
        return f'{text} "web: uvicorn MODULE:APP --host 0.0.0.0 --port $PORT"'
    if served and served != 'fastapi' and 'gunicorn' in names:
        return f'{text} "web: gunicorn --bind 0.0.0.0:$PORT MODULE:APP"'
    server = {'fastapi': 'uvicorn', 'django': 'gunicorn', 'flask': 'gunicorn'}.get(served)
    return f'{text} "web: COMMAND"' + (f', and {server} (for {served}) to {manifest}' if server else '')


def _django(source: Source, names: Mapping[str, str]) -> str:
    path = manage_py(source, names)
    match = SETTINGS.search(read_text(source, path)) if path else None
    if not match:
        return ''
    folder = path.rpartition('/')[0]
    project = f'{folder}/{match[1]}'.lstrip('/')
    if 'gunicorn' in names and source.exists(f'{project}/wsgi.py'):
        chdir = f'--chdir {folder} ' if folder else ''
        return f'gunicorn --bind "0.0.0.0:$PORT" {chdir}{match[1]}.wsgi'
    if _has_uvicorn(names) and source.exists(f'{project}/asgi.py'):
        chdir = f' --app-dir {folder}' if folder else ''
        return f'uvicorn {match[1]}.asgi:application --host 0.0.0.0 --port "$PORT"{chdir}'
    return ''


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
    for path, module in MODULES.items():
        match = WSGI_APP.search(read_text(source, path)) if source.exists(path) else None
        if match:
            return f'{module}:{match[1]}'
    return ''
