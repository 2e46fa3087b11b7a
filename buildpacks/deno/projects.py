"""What a Deno app says about itself: deno.json or deno.jsonc, and the package.json that Deno reads too."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from gitreceive.build.appfiles.manifest import at, plain_path, read_json_object, read_jsonc_object, table
from gitreceive.build.ports import Source
from gitreceive.model.errors import DetectError

CONFIGS = ('deno.json', 'deno.jsonc')
PACKAGE = 'package.json'
LOCK = 'deno.lock'

INSTALL_SCRIPTS = ('preinstall', 'install', 'postinstall', 'preprepare', 'prepare', 'postprepare')
DEPENDENCIES = ('dependencies', 'devDependencies', 'optionalDependencies', 'peerDependencies')
LOCAL = ('file:', 'link:', 'workspace:', './', '../', '/')
NEED_TREE = ('workspace', 'links', 'patch', 'vendor')
"""Keys of deno.json with which installing needs more than the manifests (Deno's "Configuration" reference)."""

FILE = re.compile(r'(?<![\w./-])(?:\./)?([A-Za-z0-9_][\w./-]{0,200}\.[cm]?[jt]sx?)(?![\w./-])', re.ASCII)
TASK = re.compile(r'\bdeno\s+task\s+(?:-\S{1,40}\s+){0,5}([\w:.-]{1,60})', re.ASCII)
MOST_ENTRIES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """The manifests of an app. ``config`` is empty where there is none, as is ``package``.

    ``tasks`` are commands by name, also those of package.json's scripts, which ``deno task`` runs too.
    """

    config: Mapping[str, object]
    package: Mapping[str, object]
    tasks: Mapping[str, str]
    lock: str


def read_project(source: Source) -> Project:
    """Raises DetectError for two configurations, and for what cannot be read."""
    names = [name for name in CONFIGS if source.exists(name)]
    if len(names) > 1:
        raise DetectError(
            f'{" and ".join(names)}: Deno reads only the first; delete the one that is not used'
        )
    config = read_jsonc_object(source, names[0]) if names else {}
    package = read_json_object(source, PACKAGE) if source.exists(PACKAGE) else {}
    lock = _lock(config)
    return Project(
        config=config,
        package=package,
        tasks={**table(package, 'scripts', PACKAGE), **_tasks(config)},
        lock=lock if lock and source.exists(lock) else '',
    )


def needs_tree(source: Source, project: Project) -> bool:
    """Whether installing needs more of the code than the manifests."""
    package = project.package
    wanted = (spec for kind in DEPENDENCIES for spec in table(package, kind, PACKAGE).values())
    return bool(
        any(project.config.get(key) for key in NEED_TREE)
        or package.get('workspaces')
        or any(table(package, 'scripts', PACKAGE).get(name) for name in INSTALL_SCRIPTS)
        or any(spec.startswith(LOCAL) for spec in wanted)
        or committed_modules(source)
        or any('/' in path or not plain_path(path) for path in manifests(source, project))
    )


def manifests(source: Source, project: Project) -> tuple[str, ...]:
    """The files that dependencies depend on."""
    imports = project.config.get('importMap')
    named = (*CONFIGS, PACKAGE, '.npmrc', project.lock, imports if isinstance(imports, str) else '')
    plain = (name.removeprefix('./') for name in named)
    return tuple(dict.fromkeys(name for name in plain if name and source.exists(name)))


def committed_modules(source: Source) -> bool:
    """Whether the repository has a node_modules directory."""
    return any(source.glob(f'node_modules/{pattern}') for pattern in ('*', '*/*', '*/*/*'))


def entries(source: Source, commands: str, tasks: Mapping[str, str]) -> tuple[str, ...]:
    """The app's own modules that ``commands`` name, also by way of tasks: what they import is fetched in the build."""
    named = dict.fromkeys(path for text in _expanded(commands, tasks) for path in FILE.findall(text))
    found = [path for path in named if plain_path(path) and source.exists(path)]
    return tuple(found[:MOST_ENTRIES])


def _expanded(commands: str, tasks: Mapping[str, str]) -> Iterator[str]:
    """``commands``, and the commands of the tasks that they run."""
    seen: set[str] = set()
    waiting = [commands]
    while waiting:
        text = waiting.pop(0)
        yield text
        for name in TASK.findall(text):
            if name in tasks and name not in seen:
                seen.add(name)
                waiting.append(tasks[name])


def _lock(config: Mapping[str, object]) -> str:
    """The lock file's path; empty if the app wants none."""
    said = config.get('lock')
    if said is False:
        return ''
    path = said if isinstance(said, str) else at(config, 'lock', 'path')
    return path.removeprefix('./') if isinstance(path, str) and path else LOCK


def _tasks(config: Mapping[str, object]) -> Mapping[str, str]:
    """The commands of ``tasks``, each a string or an object with "command"."""
    found = config.get('tasks')
    tasks = found if isinstance(found, Mapping) else {}
    commands = {
        name: at(task, 'command') if isinstance(task, Mapping) else task for name, task in tasks.items()
    }
    return {name: command for name, command in commands.items() if isinstance(command, str)}
