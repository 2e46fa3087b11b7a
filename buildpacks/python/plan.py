"""Python apps: packages by pip, uv, Poetry, PDM or Pipenv, into the stack's own Python or one from a mirror."""

from collections.abc import Iterable, Mapping

from gitreceive.build.ports import Source
from gitreceive.model.plan import Choice, Plan, Stack

from .causes import CAUSES as CAUSES
from .frameworks import manage_py, processes
from .projects import LOCKS, Project, marker, read_project
from .versions import python_choice

MARKERS = tuple(LOCKS)
ORDER = 40
ASSETS = 'detected'
INSTALL_ENV = ('PIP_*', 'UV_*', 'POETRY_*', 'PDM_*', 'PIPENV_*', 'PYTHON*', 'SETUPTOOLS_*')

HINTS = {
    'requirement.txt': 'rename requirement.txt to requirements.txt',
    'Requirements.txt': 'rename Requirements.txt to requirements.txt',
    'pyproject.toml': 'add a requirements.txt; with the one line "." it installs the project of pyproject.toml',
    'requirements.in': 'compile requirements.in to requirements.txt (pip-compile) and commit it',
    'manage.py': 'add a requirements.txt with the packages that the app needs (pip freeze > requirements.txt)',
}

ENVIRONMENTS = ('.venv', 'venv', 'env')
HOOKS = ('bin/pre_compile', 'bin/post_compile')

INSTALL: Mapping[str, tuple[str, ...]] = {
    'pip': ('install', '-r', 'requirements.txt'),
    'uv': ('sync', '--locked', '--no-default-groups', '--inexact', '--no-install-project'),
    'poetry': ('install', '--only', 'main', '--no-root'),
    'pdm': ('install', '--check', '--prod', '--no-editable', '--no-self'),
    'pipenv': ('install', '--deploy'),
}
"""What each tool is told, before the code is there; none of them writes a lock file."""

INSTALL_PROJECT: Mapping[str, tuple[str, ...]] = {
    'uv': ('sync', '--locked', '--no-default-groups', '--inexact'),
    'poetry': ('install', '--only-root'),
    'pdm': ('install', '--check', '--prod'),
}
"""The same for an app that is a package itself, when its code is there."""


def detect(source: Source) -> str | None:
    """The file that says what to install, or one that should have such a file beside it."""
    return marker(source)


def plan(source: Source, stack: Stack, env: Mapping[str, str]) -> Plan:
    """How the app is built. Raises DetectError for manifests that contradict each other or cannot be used."""
    project = read_project(source)
    choice = python_choice(source, stack, project.table)
    found, found_from = processes(source, project.names, project.manifest)
    return Plan(
        buildpack='python',
        title='Python',
        reason=marker(source) or project.manifest,
        choices=(choice,),
        values=_values(source, project, choice, stack, env),
        processes=found,
        processes_from=found_from,
        notes=tuple(_notes(source)),
    )


def _values(
    source: Source, project: Project, choice: Choice, stack: Stack, env: Mapping[str, str]
) -> Mapping[str, str | bool | tuple[str, ...]]:
    pre_compile, post_compile = (name if source.exists(name) else '' for name in HOOKS)
    django = manage_py(source, project.names) if _collects(env) else ''
    mirror = () if choice.wanted in stack.pythons else (stack.python_mirror,)
    return {
        'python': (choice.wanted, *mirror),
        'tool': project.tool,
        'manifests': project.files,
        'tree_first': project.needs_tree or bool(pre_compile),
        'install': INSTALL[project.tool] if project.files else (),
        'install_project': INSTALL_PROJECT[project.tool] if project.packaged else (),
        'pre_compile': pre_compile,
        'post_compile': post_compile,
        'manage_py': django,
        'needs_source_version': bool(django or pre_compile or post_compile),
    }


def _collects(env: Mapping[str, str]) -> bool:
    return env.get('DISABLE_COLLECTSTATIC', '0') in ('', '0')


def _notes(source: Source) -> Iterable[str]:
    for folder in ENVIRONMENTS:
        if source.exists(f'{folder}/pyvenv.cfg'):
            yield f'{folder} is in the repository and is not used: "git rm -r --cached {folder}" and add it to .gitignore.'
    if not any(map(source.exists, LOCKS)):
        yield 'There is no requirements.txt: no packages are installed.'
    if source.exists('nltk.txt'):
        yield 'nltk.txt is not read: download what it names in bin/post_compile ("python -m nltk.downloader -d nltk_data NAME").'
    if source.exists('runtime.txt'):
        yield 'runtime.txt is the old way to choose a Python: put the version into .python-version instead.'
