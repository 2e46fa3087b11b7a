"""Deno apps: deno.json or deno.lock; Deno fetches the modules, builds and runs them, with the rights of a web server."""

import re
from collections.abc import Iterable, Mapping

import nodesemver

from gitreceive.build.appfiles.manifest import read_text
from gitreceive.build.ports import Source
from gitreceive.model.errors import DetectError
from gitreceive.model.plan import Choice, Plan, Stack
from gitreceive.model.process import ProcessType

from .causes import CAUSES as CAUSES
from .projects import (
    CONFIGS,
    LOCK,
    PACKAGE,
    Project,
    committed_modules,
    entries,
    manifests,
    needs_tree,
    read_project,
)

MARKERS = (*CONFIGS, LOCK)
ORDER = 30
YIELDS = True

STRONGER = ('go.mod', 'Cargo.toml')
"""Beside these, deno.json is there for the tools of an app on another platform."""

OTHERS = ('package-lock.json', 'npm-shrinkwrap.json', 'yarn.lock', 'pnpm-lock.yaml', 'bun.lock', 'bun.lockb')
"""The lock files of Node.js and Bun: beside them and without deno.lock, deno.json is there for Deno's tools."""

DENO = '2.x'
VERSION_FILES = ('.dvmrc', '.deno-version', '.tool-versions')
SERVERS = ('main.ts', 'main.tsx', 'main.js', 'server.ts', 'server.tsx', 'server.js')
RIGHTS = '--cached-only --allow-net --allow-env --allow-read=.'
"""What a web server needs: the network, config vars, and the app's own files to read."""

HANDLER = re.compile(r'^export default\b', re.MULTILINE)
LONGEST_RANGE = 200


def detect(source: Source) -> str | None:
    """What marks a Deno app, unless it belongs to another platform."""
    if any(map(source.exists, STRONGER)):
        return None
    if not source.exists(LOCK) and any(map(source.exists, OTHERS)):
        return None
    return next((name for name in MARKERS if source.exists(name)), None)


def plan(source: Source, stack: Stack, env: Mapping[str, str]) -> Plan:
    """How the app is built. Raises DetectError for manifests that contradict each other or cannot be read."""
    other = next(filter(source.exists, OTHERS), '')
    if other and source.exists(LOCK):
        raise DetectError(
            f'two lock files, {LOCK} and {other}, may say different things: delete the one that is not used'
        )
    project = read_project(source)
    deno = _deno(source)
    processes, processes_from, commands = _processes(source, project)
    frozen = ('--frozen',) if project.lock else ()
    modules = entries(source, commands, project.tasks)
    cache = ('cache', *frozen, *modules) if modules else ()
    build = ('task', 'build') if 'build' in project.tasks else ()
    return Plan(
        buildpack='deno',
        title='Deno',
        reason=detect(source) or MARKERS[0],
        choices=(deno,),
        values={
            'deno': deno.wanted,
            'manifests': manifests(source, project),
            'tree_first': needs_tree(source, project),
            'frozen': frozen,
            'code_steps': (*cache, *(('then',) if cache and build else ()), *build),
            'needs_source_version': bool(build),
        },
        processes=processes,
        processes_from=processes_from,
        notes=tuple(_notes(source, project)),
    )


def _deno(source: Source) -> Choice:
    for name in filter(source.exists, VERSION_FILES):
        said = _said(read_text(source, name), name)
        if said:
            return Choice(tool='Deno', wanted=_range(said, name), source=name)
    return Choice(tool='Deno', wanted=DENO, source='default; write one into .dvmrc to choose')


def _said(text: str, name: str) -> str:
    lines = (words for line in text.split('\n') if (words := line.partition('#')[0].split()))
    if name != '.tool-versions':
        return ' '.join(next(lines, []))
    return next((words[1] for words in lines if words[0] == 'deno' and len(words) > 1), '')


def _range(text: str, where: str) -> str:
    wanted = text.removeprefix('v')
    if len(wanted) > LONGEST_RANGE or nodesemver.valid_range(wanted, False) is None:
        raise DetectError(
            f'{where} is "{ascii(text[:60])[1:-1]}", which is no range of versions: write one such as "{DENO}"'
        )
    return wanted


def _processes(source: Source, project: Project) -> tuple[tuple[ProcessType, ...], str, str]:
    """Process types, where they are from, and the commands that are known to be run."""
    if source.exists('Procfile'):
        return (), 'Procfile', read_text(source, 'Procfile')
    if 'start' in project.tasks:
        command, why = 'deno task start', 'the task start'
    else:
        why = next(filter(source.exists, SERVERS), '')
        command = _served(source, why) if why else ''
    if not why:
        raise DetectError(
            'nothing says how the app is started: add a task "start" to deno.json, a main.ts, or a Procfile with "web: COMMAND"'
        )
    processes = (ProcessType(name='web', command=command),)
    return processes, f'No Procfile, so the default for Deno ({why})', command


def _served(source: Source, name: str) -> str:
    """The command for a module that serves by itself, or, where it exports its handler, by ``deno serve``.

    Deno listens at DENO_SERVE_ADDRESS whatever the module says, or leaves out (Deno 2.2 and newer).
    """
    text = read_text(source, name)
    if HANDLER.search(text) and 'Deno.serve(' not in text:
        return f'deno serve {RIGHTS} --host 0.0.0.0 --port "$PORT" {name}'
    return f'DENO_SERVE_ADDRESS="tcp:0.0.0.0:$PORT" deno run {RIGHTS} {name}'


def _notes(source: Source, project: Project) -> Iterable[str]:
    if not project.lock and project.config.get('lock') is not False:
        yield f'There is no {LOCK}, so versions may differ from build to build: run "deno install" and commit it.'
    if committed_modules(source):
        yield 'node_modules is in the repository and is not used: "git rm -r --cached node_modules" and add it to .gitignore.'
    if source.exists(PACKAGE):
        yield 'package.json is there too: Deno reads it. The config var BUILDPACK_URL=node makes this a Node.js app.'
