"""Who installs an app's packages (pip, uv, Poetry, PDM or Pipenv), from which files, and what they name."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from gitreceive.build.appfiles.manifest import at, read_json_object, read_text, read_toml
from gitreceive.build.ports import Source
from gitreceive.model.errors import DetectError

from .frameworks import program_of_custom
from .requirements import NAME, Requirements, normal

LOCKS = {
    'requirements.txt': 'pip',
    'uv.lock': 'uv',
    'poetry.lock': 'poetry',
    'pdm.lock': 'pdm',
    'Pipfile.lock': 'pipenv',
}
"""What says which versions to install, and the tool that reads it."""

MANIFESTS = {
    'uv': ('pyproject.toml', 'uv.lock', 'uv.toml'),
    'poetry': ('pyproject.toml', 'poetry.lock', 'poetry.toml'),
    'pdm': ('pyproject.toml', 'pdm.lock', 'pdm.toml'),
    'pipenv': ('Pipfile', 'Pipfile.lock'),
}

STARTS = re.compile(
    r'^[\w-]+[ \t]*:[^\n]*?\bpython3?(?:[ \t]+-[uOBEsSI]+)*[ \t]+(?:\./)?([\w./-]+\.py)\b',
    re.MULTILINE | re.ASCII,
)
"""A process type of a Procfile that starts a file of the app."""

ELSEWHERE = re.compile(
    r'\b(?:editable|directory|path|virtual) = "(?!\.")'  # uv.lock, pdm.lock; "." is the project itself
    r'|^type = "(?:directory|file)"'  # poetry.lock
    r'|"(?:path|file)": "',  # Pipfile.lock
    re.MULTILINE,
)
"""A lock file's way to say that a package lies in the repository."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """What the app says about its packages.

    ``manifest`` names them for people, ``files`` are what ``tool`` reads, ``names`` the packages that the app asks for
    (in lower case, with "-") with their extras; ``packaged``: the app is a package that is installed itself.
    """

    tool: str
    manifest: str
    files: tuple[str, ...]
    names: Mapping[str, str]
    needs_tree: bool = False
    packaged: bool = False
    table: Mapping[str, object] = field(default_factory=dict)


def marker(source: Source) -> str | None:
    """The file that makes this a Python app: what says which versions to install, else what should have a lock file."""
    found = next((name for name in (*LOCKS, 'Pipfile') if source.exists(name)), None)
    if found:
        return found
    if source.exists('pyproject.toml') and _speaks_of_packages(source):
        return 'pyproject.toml'
    if source.exists('setup.py'):
        return 'setup.py'
    return program(source)


def program(source: Source) -> str | None:
    """The file of an app that needs no package: what its Procfile starts by ``python``, or a name of custom."""
    if source.exists('Procfile'):
        match = STARTS.search(read_text(source, 'Procfile'))
        return match[1] if match and source.exists(match[1]) else None
    return program_of_custom(source, LOCKS) or None


def read_project(source: Source) -> Project:
    """The app's project. Raises DetectError if two files say what to install, or none."""
    there = [name for name in LOCKS if source.exists(name)]
    if len(there) > 1:
        first, second = there[:2]
        raise DetectError(
            f'{first} and {second} may say different things, and one tool installs: '
            f'delete {second} if you use {LOCKS[first]}, else {first}'
        )
    if not there and marker(source) == program(source):
        return Project(tool='pip', manifest='requirements.txt', files=(), names={})
    if not there:
        raise DetectError(_unlocked(source))
    tool = LOCKS[there[0]]
    if tool == 'pip':
        return _of_requirements(source)
    manifest = MANIFESTS[tool][0]
    if not source.exists(manifest):
        raise DetectError(f'{there[0]} is there and {manifest} is not: commit both')
    files = tuple(name for name in MANIFESTS[tool] if source.exists(name))
    table = read_toml(source, manifest)
    return Project(
        tool=tool,
        manifest=manifest,
        files=files,
        names=dict(_names(table)),
        needs_tree=bool(ELSEWHERE.search(_lock(source, there[0]))),
        packaged=_packaged(tool, table),
        table=table,
    )


def _speaks_of_packages(source: Source) -> bool:
    """A pyproject.toml may hold no more than settings of linters. One that cannot be read is told later."""
    try:
        table = read_toml(source, 'pyproject.toml')
    except DetectError:
        return True
    return any(
        at(table, *keys) is not None
        for keys in (('project',), ('tool', 'poetry'), ('tool', 'pdm'), ('tool', 'uv'))
    )


def _unlocked(source: Source) -> str:
    if source.exists('Pipfile'):
        return 'Pipfile has no Pipfile.lock beside it: run "pipenv lock" and commit both'
    if not source.exists('pyproject.toml'):
        return 'setup.py alone does not say which versions to install: add a requirements.txt; with the one line "." it installs the project'
    table = read_toml(source, 'pyproject.toml')
    for tool in ('poetry', 'pdm', 'uv'):
        if at(table, 'tool', tool) is not None:
            return f'pyproject.toml has no {tool}.lock beside it: run "{tool} lock" and commit both'
    return (
        'pyproject.toml alone does not say which versions to install: run "uv lock" (or "poetry lock", "pdm lock") and commit '
        'the lock file, or add a requirements.txt; with the one line "." it installs the project'
    )


def _of_requirements(source: Source) -> Project:
    requirements = Requirements(source)
    return Project(
        tool='pip',
        manifest='requirements.txt',
        files=tuple(requirements.files),
        names=requirements.names,
        needs_tree=requirements.needs_tree,
    )


def _lock(source: Source, name: str) -> str:
    """The lock file's text, as a whole one of its kind."""
    read_json_object(source, name) if name == 'Pipfile.lock' else read_toml(source, name)
    return read_text(source, name)


def _names(table: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    listed = at(table, 'project', 'dependencies')
    for line in listed if isinstance(listed, list) else ():
        match = NAME.match(line) if isinstance(line, str) else None
        if match:
            yield normal(match[1]), match[2] or ''
    for keys in (('tool', 'poetry', 'dependencies'), ('packages',)):
        found = at(table, *keys)
        for name, value in found.items() if isinstance(found, Mapping) else ():
            extras = value.get('extras') if isinstance(value, Mapping) else None
            yield normal(str(name)), str(extras or '')


def _packaged(tool: str, table: Mapping[str, object]) -> bool:
    match tool:
        case 'poetry':
            return at(table, 'tool', 'poetry', 'package-mode') is not False
        case 'uv':
            said = at(table, 'tool', 'uv', 'package')
            return said is True or (said is None and at(table, 'build-system') is not None)
        case 'pdm':
            said = at(table, 'tool', 'pdm', 'distribution')
            return said is True or (said is None and at(table, 'build-system') is not None)
    return False
