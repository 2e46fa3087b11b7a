"""Node.js apps: package.json, or server.js alone; dependencies by npm, Yarn or pnpm."""

import re
from collections.abc import Iterable, Mapping

from gitreceive.build.appfiles.manifest import plain_path, read_json_object, read_text, table
from gitreceive.build.appfiles.workspaces import has_workspaces, workspace_folders
from gitreceive.build.ports import Source
from gitreceive.model.errors import DetectError
from gitreceive.model.plan import Choice, Plan, Stack
from gitreceive.model.process import ProcessType

from .causes import CAUSES as CAUSES
from .commands import commands, keeps_development
from .managers import Manager, choose_manager
from .versions import engines_of, node_choice

MARKERS = ('package.json', 'server.js')
ORDER = 32
YIELDS = True
MAKES_ASSETS = 'package.json'
INSTALL_ENV = (
    *('NODE_*', 'NPM_*', 'npm_*', 'YARN_*', 'PNPM_*', 'COREPACK_*', 'USE_NPM_INSTALL'),
    *('PUPPETEER_*', 'PLAYWRIGHT_*', 'CYPRESS_*', 'ELECTRON_*', 'PRISMA_*', 'SENTRYCLI_*', 'SHARP_*'),
)

HINTS = {
    'package-lock.json': 'package-lock.json needs package.json beside it: commit both',
    'yarn.lock': 'yarn.lock needs package.json beside it: commit both',
    'pnpm-lock.yaml': 'pnpm-lock.yaml needs package.json beside it: commit both',
    'index.js': 'add a package.json with a "start" script ("node index.js"), or rename index.js to server.js',
    'app.js': 'add a package.json with a "start" script ("node app.js"), or rename app.js to server.js',
}

STRONGER = ('requirements.txt',)
"""Beside these, package.json is there for the assets of an app on another platform."""

INSTALL_SCRIPTS = (
    'preinstall',
    'install',
    'postinstall',
    'preprepare',
    'prepare',
    'postprepare',
    'dependencies',
)
"""What npm runs of the app's own package.json when it installs (npm's "scripts" page, "Life Cycle Operation Order")."""

MANIFESTS = (
    'package.json',
    'package-lock.json',
    'npm-shrinkwrap.json',
    'yarn.lock',
    'pnpm-lock.yaml',
    'pnpm-workspace.yaml',
    '.npmrc',
    '.yarnrc',
    '.yarnrc.yml',
    '.pnpmfile.cjs',
)
NEEDED = (
    'node_modules',
    'binding.gyp',
    'prisma/schema.prisma',
    'patches/*',
    '.yarn/cache/*',
    '.yarn/patches/*',
    '.yarn/plugins/*',
    '.yarn/plugins/*/*',
)
"""What installing looks at besides the manifests."""

SITES = ('Staticfile', 'static.json', 'index.html', 'public/index.html')
"""What apps have whose build makes files, and no program that serves them."""

DEPENDENCIES = ('dependencies', 'devDependencies', 'optionalDependencies', 'peerDependencies')
OWN = 'workspace:'
LOCAL = ('file:', 'link:', 'portal:', OWN, './', '../', '~/', '/')
OTHER_LINKER = re.compile(r"""^nodeLinker:\s*["']?(?!pnp\b)\w""", re.MULTILINE)


def detect(source: Source) -> str | None:
    """package.json or server.js, unless the app belongs to another platform."""
    if any(source.exists(name) for name in STRONGER):
        return None
    return next((name for name in MARKERS if source.exists(name)), None)


def plan(source: Source, stack: Stack, env: Mapping[str, str]) -> Plan:
    """How the app is built. Raises DetectError for manifests that contradict each other or cannot be read."""
    reason = detect(source) or MARKERS[0]
    package = read_json_object(source, 'package.json') if reason == 'package.json' else {}
    engines = engines_of(package)
    node = node_choice(source, engines)
    manager = choose_manager(source, package, engines)
    start, start_from = _start(source, package, manager)
    return Plan(
        buildpack='node',
        title='Node.js',
        reason=reason,
        choices=(node, *_choice(manager)),
        values=_values(source, package, manager, node.wanted, env),
        processes=start,
        processes_from=start_from,
        notes=tuple(_notes(source, package, manager)),
    )


def _choice(manager: Manager) -> Iterable[Choice]:
    if manager.wanted:
        yield Choice(tool=manager.title, wanted=manager.wanted, source=manager.source)


def _values(
    source: Source, package: Mapping[str, object], manager: Manager, node: str, env: Mapping[str, str]
) -> Mapping[str, str | bool | tuple[str, ...]]:
    scripts = table(package, 'scripts', 'package.json')
    before = tuple(name for name in ('heroku-prebuild',) if scripts.get(name))
    after = tuple(name for name in ('heroku-postbuild', 'build') if scripts.get(name))[:1]
    cleanup = tuple(name for name in ('heroku-cleanup',) if scripts.get(name))
    early = bool(before) or any(scripts.get(name) for name in INSTALL_SCRIPTS)
    with_dev = keeps_development(env) or early or bool(after)
    words = commands(manager, with_dev, env)
    npm = manager.name == 'npm'
    folders = workspace_folders(source, package, manager.name) if has_workspaces(source, package) else ()
    return {
        'versions': (node, *(_asked(manager) if npm else ('',))),
        'manager': () if npm else (manager.package, *_asked(manager)),
        'tool': manager.name,
        'manifests': tuple(name for name in MANIFESTS if source.exists(name)),
        'workspaces': folders,
        'own_scripts': early,
        'tree_first': early or _needs_tree(source, package, folders),
        'before': before,
        'install': words.install if package else (),
        'after': after,
        'prune': words.prune if with_dev and not keeps_development(env) else (),
        'cleanup': cleanup,
        'needs_source_version': bool(before or after or cleanup),
    }


def _asked(manager: Manager) -> tuple[str, ...]:
    return (manager.wanted, manager.hash) if manager.hash else (manager.wanted,)


def _needs_tree(source: Source, package: Mapping[str, object], folders: tuple[str, ...]) -> bool:
    """Whether installing looks at more than the manifests, those in ``folders`` too: packages, things to generate."""
    if any(map(source.glob, NEEDED)) or _committed_modules(source):
        return True
    if not folders and has_workspaces(source, package):
        return True
    wanted = (spec for kind in DEPENDENCIES for spec in table(package, kind, 'package.json').values())
    return any(spec.startswith(LOCAL) and not (folders and spec.startswith(OWN)) for spec in wanted)


def _committed_modules(source: Source) -> bool:
    return any(source.glob(f'node_modules/{pattern}') for pattern in ('*', '*/*', '*/*/*'))


def _start(
    source: Source, package: Mapping[str, object], manager: Manager
) -> tuple[tuple[ProcessType, ...], str]:
    if source.exists('Procfile'):
        return (), 'Procfile'
    runner = 'yarn' if manager.berry and _plug_n_play(source) else ''
    if table(package, 'scripts', 'package.json').get('start'):
        command, why = f'{runner or "npm"} start', 'scripts.start'
    elif source.exists('server.js'):
        command, why = f'{runner} node server.js'.strip(), 'server.js'
    elif main := _main(source, package):
        command, why = f'{runner} node {main}'.strip(), main
    else:
        raise DetectError(_no_start(source))
    return (ProcessType(name='web', command=command),), f'No Procfile, so the default for Node.js ({why})'


def _main(source: Source, package: Mapping[str, object]) -> str:
    """The program that package.json names, or index.js; none where a build may make a site of files."""
    if any(map(source.exists, SITES)) or table(package, 'scripts', 'package.json').get('build'):
        return ''
    named = package.get('main')
    path = named.removeprefix('./') if isinstance(named, str) else ''
    there = (name for name in (path, f'{path}.js', 'index.js') if plain_path(name) and source.exists(name))
    return next(there, '')


def _no_start(source: Source) -> str:
    text = 'nothing says how the app is started: add a "start" script to package.json, or a Procfile with "web: COMMAND"'
    if any(map(source.exists, SITES)):
        return (
            f'{text}\nIf its build makes a site of files, add .buildpacks with the lines "node" and "static", and a '
            'Staticfile that names the directory ("root: dist")'
        )
    return text


def _plug_n_play(source: Source) -> bool:
    """Whether packages stay zipped, which only Yarn's own loader reads: what Yarn does unless nodeLinker says otherwise."""
    name = '.yarnrc.yml'
    return not (source.exists(name) and OTHER_LINKER.search(read_text(source, name)))


def _notes(source: Source, package: Mapping[str, object], manager: Manager) -> Iterable[str]:
    if package and not manager.lock:
        lock = {'npm': 'package-lock.json', 'yarn': 'yarn.lock', 'pnpm': 'pnpm-lock.yaml'}[manager.name]
        yield f'There is no {lock}: versions may differ from build to build. Commit the one that "{manager.name} install" writes.'
    if _committed_modules(source):
        yield 'node_modules is in the repository and is not used: "git rm -r --cached node_modules" and add it to .gitignore.'
    npmrc = read_text(source, '.npmrc') if source.exists('.npmrc') else ''
    if '_authToken' in npmrc and '${' not in npmrc:
        yield '.npmrc holds a token: everybody who may read the repository has it. Write ${NPM_TOKEN} and set a config var.'
