"""Go apps: go.mod, with its modules or a vendor directory; the slug holds programs, not Go itself."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from gitreceive.build.appfiles.manifest import CONFLICT, plain_path, read_text
from gitreceive.build.ports import Source
from gitreceive.model.errors import DetectError
from gitreceive.model.plan import Choice, Plan, Stack
from gitreceive.model.process import ProcessType

from .causes import CAUSES as CAUSES

MARKERS = ('go.mod',)
ORDER = 51
ASSETS = 'asked'
STACK = 'stack'
"""Instead of a version: the stack's own Go."""

MODULES = 'write a go.mod with the Go of today (go mod init MODULE, go mod tidy) and commit it with go.sum'
HINTS = {
    'main.go': MODULES,
    'go.work': 'push a module (a directory with a go.mod) rather than a workspace, or add a go.mod at the root',
    'Gopkg.lock': MODULES,
    'Godeps/Godeps.json': MODULES,
    'glide.yaml': MODULES,
}

VERSION = re.compile(r'(?:go)?(1\.\d{1,3}(?:\.\d{1,3}|(?:rc|beta)\d{1,2})?)', re.ASCII)
MODULE = re.compile(r'module\s+"?(?P<path>[^\s"]{1,200})"?')
LINE = re.compile(r'(?P<word>go|toolchain)\s+(?P<value>\S{1,100})')
DIRECTIVE = re.compile(r'//\s*\+heroku\s+(?P<word>goVersion|install)\s+(?P<value>[^\r\n]{1,1000})')
PACKAGE = re.compile(r'(?!-)[A-Za-z0-9._~/-]{1,200}', re.ASCII)
MAIN = re.compile(r'^package\s+main\b', re.MULTILINE)
MAJOR = re.compile('v[0-9]+')
MOST_FILES = 50
"""Go files of a directory that are looked at to see whether it is a program."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GoMod:
    """What a go.mod says that matters here; empty where it says nothing."""

    module: str
    go: str
    toolchain: str
    heroku: str
    install: tuple[str, ...]


def detect(source: Source) -> str | None:
    """go.mod, if there is one."""
    return MARKERS[0] if source.exists(MARKERS[0]) else None


def plan(source: Source, stack: Stack, env: Mapping[str, str]) -> Plan:
    """How the app is built. Raises DetectError for a go.mod that cannot be used, or without anything to run."""
    manifest = _read(source)
    choice, version = _version(manifest, stack, env)
    packages = _packages(source, manifest, env)
    processes, processes_from = _processes(source, manifest, packages)
    return Plan(
        buildpack='go',
        title='Go',
        reason=MARKERS[0],
        choices=(choice,),
        values={
            'go': (version,) if version == STACK else (version, choice.source),
            'packages': packages,
            'needs_source_version': bool(env.get('GO_LINKER_SYMBOL')),
        },
        processes=processes,
        processes_from=processes_from,
        notes=tuple(_notes(source, version, stack)),
    )


def _read(source: Source) -> GoMod:
    """go.mod by lines ("Go Modules Reference", section "go.mod files"); its blocks do not matter here."""
    text = read_text(source, 'go.mod')
    marker = CONFLICT.search(text)
    if marker:
        number = text.count('\n', 0, marker.start()) + 1
        raise DetectError(
            f'go.mod, line {number}: a merge conflict marker; resolve the conflict and commit the result'
        )
    found: dict[str, str] = {}
    for line in map(str.strip, text.splitlines()):
        match = DIRECTIVE.match(line) or LINE.match(line)
        if match:
            found.setdefault(match['word'], match['value'].strip())
        elif match := MODULE.match(line):
            found.setdefault('module', match['path'])
    if 'module' not in found:
        raise DetectError(
            'go.mod names no module: begin it with "module example.com/NAME" ("go mod init" does)'
        )
    return GoMod(
        module=found['module'],
        go=_checked(found.get('go', ''), 'go'),
        toolchain=_checked(found.get('toolchain', ''), 'toolchain'),
        heroku=_checked(found.get('goVersion', ''), '// +heroku goVersion'),
        install=tuple(found.get('install', '').split()),
    )


def _checked(text: str, where: str) -> str:
    """A version without "go" before it, or nothing for ``default``, which leaves the choice to the go command."""
    if text in ('', 'default'):
        return ''
    match = VERSION.fullmatch(text)
    if not match:
        shown = ascii(text[:60])[1:-1]
        raise DetectError(
            f'go.mod says "{where} {shown}", which is no version of Go: write one such as "1.24" or "1.24.3"'
        )
    return match[1]


def _version(manifest: GoMod, stack: Stack, env: Mapping[str, str]) -> tuple[Choice, str]:
    """What to tell, and what to install: a version, a line of versions, or ``STACK``.

    The lines "go" and "toolchain" name the least that is needed, so that an older one than the stack's own is the
    stack's; the other two are wishes.
    """
    wished = _wish(manifest, env)
    wanted, where = wished or _needed(manifest)
    own = stack.gos[-1] if stack.gos else ''
    if wanted and wanted != own and (wished or _numbers(wanted) > _numbers(own)):
        return Choice(tool='Go', wanted=wanted, source=where), wanted
    if not own:
        raise DetectError(
            f'go.mod names no version of Go, and the stack {stack.name} has none: add a line such as "go 1.24"'
        )
    reason = f'go.mod asks for {wanted} or newer' if wanted else 'go.mod names no version'
    return Choice(tool='Go', wanted=own, source=f'of {stack.name}; {reason}'), STACK


def _needed(manifest: GoMod) -> tuple[str, str]:
    """The newer of the lines "toolchain" and "go", as the go command has it ("Go Toolchains", "Toolchain selection")."""
    if _numbers(manifest.toolchain) > _numbers(manifest.go):
        return manifest.toolchain, 'toolchain in go.mod'
    return manifest.go, 'go in go.mod'


def _wish(manifest: GoMod, env: Mapping[str, str]) -> tuple[str, str] | None:
    if env.get('GOVERSION'):
        match = VERSION.fullmatch(env['GOVERSION'])
        if not match:
            raise DetectError('the config var GOVERSION is no version of Go: set one such as "go1.24"')
        return match[1], 'config var GOVERSION'
    return (manifest.heroku, '+heroku goVersion in go.mod') if manifest.heroku else None


def _numbers(version: str) -> list[int]:
    return [int(number) for number in re.findall(r'\d+', version)]


def _packages(source: Source, manifest: GoMod, env: Mapping[str, str]) -> tuple[str, ...]:
    """The packages to install: asked for, or the root if that is a program, or what lies in ``cmd/``."""
    asked = tuple(env.get('GO_INSTALL_PACKAGE_SPEC', '').split()) or manifest.install
    for name in asked:
        if not PACKAGE.fullmatch(name) or '..' in name.split('/'):
            shown = ascii(name[:60])[1:-1]
            raise DetectError(
                f'"{shown}" in "// +heroku install" is not a package of the app: write one such as ./cmd/web'
            )
    if asked:
        return asked
    if _is_program(source, ''):
        return ('.',)
    if _commands(source):
        return ('./cmd/...',)
    raise DetectError(
        'there is no program to build: neither the root nor a directory of cmd/ has a "package main"; '
        'name one in go.mod: "// +heroku install ./DIRECTORY"'
    )


def _is_program(source: Source, folder: str) -> bool:
    files = [path for path in source.glob(f'{folder}*.go') if not path.endswith('_test.go')]
    return any(MAIN.search(read_text(source, path)) for path in files[:MOST_FILES])


def _commands(source: Source) -> tuple[str, ...]:
    folders = dict.fromkeys(path.split('/')[1] for path in source.glob('cmd/*/*.go'))
    return tuple(
        name
        for name in list(folders)[:MOST_FILES]
        if plain_path(name) and _is_program(source, f'cmd/{name}/')
    )


def _processes(
    source: Source, manifest: GoMod, packages: tuple[str, ...]
) -> tuple[tuple[ProcessType, ...], str]:
    if source.exists('Procfile'):
        return (), 'Procfile'
    names = [name for package in packages for name in _programs(source, manifest, package)]
    name = 'web' if 'web' in names else names[0] if len(names) == 1 else ''
    if not plain_path(name):
        there = (
            f'there are {", ".join(names[:8])}'
            if len(names) > 1
            else 'its name is not known before it is built'
        )
        raise DetectError(
            f'nothing says which program is started ({there}): add a Procfile with "web: bin/NAME"'
        )
    return (
        ProcessType(name='web', command=f'bin/{name}'),
    ), 'No Procfile, so the default for Go (the program)'


def _programs(source: Source, manifest: GoMod, package: str) -> tuple[str, ...]:
    """What ``go install`` calls the programs of a package: the last part of the path that is not a major version."""
    path = package.removeprefix('./').rstrip('/')
    if path.endswith('...'):
        return _commands(source) if path == 'cmd/...' else ()
    parts = (manifest.module if path in ('', '.') else path).split('/')
    if len(parts) > 1 and MAJOR.fullmatch(parts[-1]):
        parts.pop()
    return (parts[-1],)


def _notes(source: Source, version: str, stack: Stack) -> Iterable[str]:
    if source.exists('vendor/modules.txt'):
        yield 'Modules come from the vendor directory.'
    elif not source.exists('go.sum') and re.search(
        r'^\s*require\b', read_text(source, 'go.mod'), re.MULTILINE
    ):
        yield 'There is no go.sum: run "go mod tidy" and commit it.'
    if version == STACK and stack.gos:
        yield f'Go {stack.gos[-1]} is what {stack.name} has. "// +heroku goVersion go1.24" in go.mod chooses another.'
    if source.exists('package.json'):
        yield 'package.json is there too: this is built as a Go app, and assets are not built. Commit what they are built to.'
