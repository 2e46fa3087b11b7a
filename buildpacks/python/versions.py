"""Which Python an app asks for, and whether there is one: of the stack, or from the mirror that its sysadmin has set."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

import nodesemver
from packaging.specifiers import InvalidSpecifier, SpecifierSet

from gitreceive.build.appfiles.manifest import at, read_json_object, read_manifest
from gitreceive.build.ports import Source
from gitreceive.model.errors import DetectError
from gitreceive.model.plan import Choice, Stack

FILES = ('.python-version', 'runtime.txt')
MISSPELT = {
    '.python_version': '.python-version',
    '.pythonversion': '.python-version',
    '.python-version.txt': '.python-version',
    'python-version': '.python-version',
    'python_version': '.python-version',
    'Runtime.txt': 'runtime.txt',
    'runtime.text': 'runtime.txt',
    'runtimes.txt': 'runtime.txt',
}
VERSION = re.compile(r'(\d{1,3}\.\d{1,3})(\.\d{1,3})?', re.ASCII)
POETRYS = re.compile(r'[\^|]|~(?!=)|^\s*(?:\*|\d+(?:\.\d+)*(?:\.\*)?)\s*$', re.ASCII)
"""Ranges as Poetry alone writes them: ``^3.11``, ``3.11.*``, ``*``."""

LONGEST_RANGE = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A version (``3.11``, ``3.11.2``) or, if ``range``, limits (``>=3.11``), and the file that asks for it."""

    text: str
    where: str
    range: bool = False


def python_choice(source: Source, stack: Stack, project: Mapping[str, object]) -> Choice:
    """The Python to use: an exact version of the stack, or what to ask the mirror for.

    Raises DetectError for what is no version, and for a version that is not available.
    """
    if not stack.pythons:
        raise DetectError(f'the stack {stack.name} has no Python: its sysadmin should build it again')
    wanted = _of_files(source) or _of_pipfile(source) or _of_project(project)
    if wanted is None:
        return Choice(tool='Python', wanted=stack.pythons[-1], source=f'default of {stack.name}')
    fitting = [version for version in stack.pythons if _fits(version, wanted)]
    if not fitting and not stack.python_mirror:
        raise DetectError(_missing(wanted, stack))
    return Choice(tool='Python', wanted=fitting[-1] if fitting else wanted.text, source=wanted.where)


def _fits(version: str, wanted: Wanted) -> bool:
    if not wanted.range:
        return version == wanted.text or version.startswith(f'{wanted.text}.')
    if POETRYS.search(wanted.text):
        return bool(nodesemver.satisfies(version, wanted.text.replace(',', ' '), False))
    return SpecifierSet(wanted.text).contains(version)


def _missing(wanted: Wanted, stack: Stack) -> str:
    there = ', '.join(stack.pythons)
    text = f'{wanted.where} asks for Python {ascii(wanted.text[:60])[1:-1]}, and the stack {stack.name} has {there}'
    minor = stack.pythons[-1].rpartition('.')[0]
    if wanted.range or wanted.where == 'Pipfile.lock':
        return f'{text}: ask for {minor} there, and write the lock file again'
    return f'{text}: write "{_form(wanted.where, minor)}" into it, or remove the file'


def _of_files(source: Source) -> Wanted | None:
    there = [name for name in FILES if source.exists(name)]
    if len(there) > 1:
        raise DetectError('.python-version and runtime.txt both name a Python: delete runtime.txt')
    if not there:
        for name, right in MISSPELT.items():
            if source.exists(name):
                raise DetectError(f'{name} chooses no Python: rename it to {right}')
        return None
    where = there[0]
    text = _version_text(source, where)
    match = VERSION.fullmatch(text.removeprefix('python-') if where == 'runtime.txt' else text)
    if not match or (where == 'runtime.txt' and not text.startswith('python-')):
        raise DetectError(
            f'{where} says {ascii(text[:60])}, which is no version of Python: write "{_form(where, "3.11")}"'
        )
    return Wanted(text=match[0], where=where)


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


def _of_pipfile(source: Source) -> Wanted | None:
    if not source.exists('Pipfile.lock'):
        return None
    requires = at(read_json_object(source, 'Pipfile.lock'), '_meta', 'requires')
    for key in ('python_full_version', 'python_version'):
        said = at(requires, key) if isinstance(requires, Mapping) else None
        if said is None:
            continue
        if not isinstance(said, str) or not VERSION.fullmatch(said):
            raise DetectError(
                f'{key} in Pipfile.lock is {ascii(said)[:60]}, which is no version of Python: '
                'write one such as "3.11" into Pipfile, run "pipenv lock" and commit both'
            )
        return Wanted(text=said, where='Pipfile.lock')
    return None


def _of_project(project: Mapping[str, object]) -> Wanted | None:
    poetry = at(project, 'tool', 'poetry', 'dependencies', 'python')
    said = at(project, 'project', 'requires-python') or poetry
    if said is None:
        return None
    name = 'requires-python in pyproject.toml' if said is not poetry else 'python in pyproject.toml'
    if not isinstance(said, str) or not _is_range(said):
        raise DetectError(
            f'{name} is {ascii(said)[:60]}, which is no range of versions: write one such as ">=3.11"'
        )
    return Wanted(text=said, where=name, range=True)


def _is_range(text: str) -> bool:
    if len(text) > LONGEST_RANGE:
        return False
    if POETRYS.search(text):
        return nodesemver.valid_range(text.replace(',', ' '), False) is not None
    try:
        SpecifierSet(text)
    except InvalidSpecifier:
        return False
    return True
