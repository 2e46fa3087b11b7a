"""Node.js apps: package.json, or server.js alone; dependencies by npm."""

from collections.abc import Iterable, Mapping

import nodesemver

from gitreceive.errors import DetectError
from gitreceive.manifest import read_json_object, read_text, table
from gitreceive.model import Choice, Plan, ProcessType, Stack
from gitreceive.ports import Source

MARKERS = ('package.json', 'server.js')

NODE = '24.x'
"""Without engines.node. The line that is in long-term support since October 2025 (the Node.js release schedule)."""

STRONGER = ('requirements.txt',)
"""Beside these, package.json is there for the assets of an app on another platform."""

LOCKS = ('package-lock.json', 'npm-shrinkwrap.json')
OTHER_LOCKS = {
    'yarn.lock': 'Yarn',
    'pnpm-lock.yaml': 'pnpm',
    'bun.lockb': 'Bun',
    'bun.lock': 'Bun',
}
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

DEPENDENCIES = ('dependencies', 'devDependencies', 'optionalDependencies', 'peerDependencies')
LOCAL = ('file:', 'link:', './', '../', '~/', '/')
LONGEST_RANGE = 200

CAUSES = (
    (
        r'EUSAGE[\s\S]*(?:in sync|can only install)|npm ci` can only install',
        'package-lock.json does not match package.json\nRun "npm install" and commit package-lock.json.',
    ),
    (
        r'EUSAGE[\s\S]*existing package-lock|shrinkwrap\.json with lockfileVersion',
        'the lock file cannot be used by this npm\nRun "npm install" and commit package-lock.json.',
    ),
    (
        r'code ETARGET[\s\S]*No matching version found for ([^\s]{1,200})\.',
        r'there is no version that satisfies \g<1>\nCorrect it in package.json, run "npm install" and commit both files.',
    ),
    (
        r"code E404[\s\S]*?404 {1,3}'?([@\w][\w.@/~^<>=*-]{0,200})'? is not in",
        r'the package registry has no \g<1>\nCorrect its name in package.json, or give npm access to it (.npmrc, config vars).',
    ),
    (
        r'code E(?:401|403)',
        'the package registry refuses access\nSet the token that .npmrc uses as a config var.',
    ),
    (
        r'code ERESOLVE',
        'dependencies contradict each other (peer dependencies)\nChange their versions in package.json until "npm install" works at home; commit the lock file.',
    ),
    (
        r'code EINTEGRITY',
        'a package is not the one that the lock file names\nRun "npm install" at home, look at what changes in package-lock.json, and commit it.',
    ),
    (
        r'code EBADENGINE',
        "a package does not run on this version of Node.js\nChange engines.node in package.json, or the package's version.",
    ),
    (
        r'gyp ERR!',
        'a native module could not be compiled\nIts first error is above: it may need a newer version for this Node.js, or a library that the stack lacks.',
    ),
    (
        r'Missing script: "?([\w:.-]{1,60})',
        r'package.json has no script "\g<1>"\nAdd it under "scripts", or do not ask for it.',
    ),
    (
        r'^(engines\.\w+ asks for [^\n]{1,300})',
        r'\g<1>\nCorrect it in package.json, and commit it.',
    ),
    (
        r'(?:sh: )?(?:\d+: )?(?:line \d+: )?([\w.@/-]{1,60}): (?:command )?not found',
        r'the command \g<1> is not there\nAdd the package that has it to the dependencies of package.json.',
    ),
    (
        r"Cannot find module '([^'\n]{1,200})'",
        r'the module \g<1> is not there\nAdd it to the dependencies of package.json, or correct the path (upper and lower case count).',
    ),
)


def detect(source: Source) -> str | None:
    """package.json or server.js, unless the app belongs to another platform."""
    if any(source.exists(name) for name in STRONGER):
        return None
    return next((name for name in MARKERS if source.exists(name)), None)


def plan(source: Source, stack: Stack, env: Mapping[str, str]) -> Plan:
    """How the app is built. Raises DetectError for manifests that contradict each other or cannot be read."""
    reason = detect(source) or MARKERS[0]
    package = read_json_object(source, 'package.json') if reason == 'package.json' else {}
    scripts = table(package, 'scripts', 'package.json')
    lock = _lock(source, package)
    node, npm = _versions(package)
    notes = list(_notes(source, reason, lock))
    start, start_from = _start(source, scripts)
    return Plan(
        buildpack='node',
        title='Node.js',
        reason=reason,
        choices=(node, npm) if npm else (node,),
        values=_values(source, package, lock, (node.wanted, npm.wanted if npm else ''), env),
        processes=start,
        processes_from=start_from,
        notes=tuple(notes),
    )


def _values(
    source: Source,
    package: Mapping[str, object],
    lock: str | None,
    versions: tuple[str, str],
    env: Mapping[str, str],
) -> Mapping[str, str | bool | tuple[str, ...]]:
    scripts = table(package, 'scripts', 'package.json')
    before = tuple(name for name in ('heroku-prebuild',) if scripts.get(name))
    after = tuple(name for name in ('heroku-postbuild', 'build') if scripts.get(name))[:1]
    early = before or any(scripts.get(name) for name in INSTALL_SCRIPTS)
    keep_dev = (
        env.get('NPM_CONFIG_PRODUCTION', '').lower() == 'false'
        or env.get('NODE_ENV', 'production') != 'production'
    )
    with_dev = keep_dev or bool(early or after)
    words: tuple[str, ...] = ('ci',) if lock else ('install', '--no-package-lock')
    return {
        'versions': versions,
        'manifests': tuple(name for name in ('package.json', *LOCKS, '.npmrc') if source.exists(name)),
        'tree_first': bool(early) or _needs_tree(source, package),
        'before': before,
        'install': (*words, '--include=dev' if with_dev else '--omit=dev') if package else (),
        'after': after,
        'prune': with_dev and not keep_dev,
        'needs_source_version': bool(before or after),
    }


def _needs_tree(source: Source, package: Mapping[str, object]) -> bool:
    """Whether installing looks at more than the manifests: workspaces, packages in the tree, things to generate."""
    if package.get('workspaces') or any(
        map(source.exists, ('binding.gyp', 'prisma/schema.prisma', 'node_modules'))
    ):
        return True
    wanted = (spec for kind in DEPENDENCIES for spec in table(package, kind, 'package.json').values())
    return _committed_modules(source) or any(spec.startswith(LOCAL) for spec in wanted)


def _committed_modules(source: Source) -> bool:
    return any(source.glob(f'node_modules/{pattern}') for pattern in ('*', '*/*', '*/*/*'))


def _lock(source: Source, package: Mapping[str, object]) -> str | None:
    mine = [name for name in LOCKS if source.exists(name)]
    others = [name for name in OTHER_LOCKS if source.exists(name)]
    if mine and others:
        raise DetectError(
            f'two lock files, {mine[0]} (npm) and {others[0]} ({OTHER_LOCKS[others[0]]}), may say different things; '
            f'this receiver installs with npm: delete {others[0]} if you use npm, else delete {mine[0]} and see what it says then'
        )
    if len(mine) > 1:
        raise DetectError(
            f'two lock files, {mine[0]} and {mine[1]}; npm reads only the second: delete {mine[0]}'
        )
    manager = str(package.get('packageManager') or '').partition('@')[0]
    if others or manager not in ('', 'npm'):
        name, why = (
            (OTHER_LOCKS[others[0]], others[0])
            if others
            else (ascii(manager[:20])[1:-1], 'packageManager in package.json')
        )
        raise DetectError(
            f'this app uses {name} ({why}), and this receiver installs with npm only: '
            'run "npm install", commit package-lock.json and delete what names another package manager'
        )
    if mine:
        read_json_object(source, mine[0])
    return mine[0] if mine else None


def _versions(package: Mapping[str, object]) -> tuple[Choice, Choice | None]:
    engines = table(package, 'engines', 'package.json')
    node = _range(engines, 'node')
    npm = _range(engines, 'npm')
    manager = str(package.get('packageManager') or '')
    pinned = manager.removeprefix('npm@').partition('+')[0] if manager.startswith('npm@') else ''
    source = 'engines.npm'
    if not npm and pinned and nodesemver.valid(pinned, False):
        npm, source = pinned, 'packageManager'
    choice = Choice(tool='npm', wanted=npm, source=source) if npm else None
    if node:
        return Choice(tool='Node.js', wanted=node, source='engines.node'), choice
    return Choice(
        tool='Node.js', wanted=NODE, source='default; set engines.node in package.json to choose'
    ), choice


def _range(engines: Mapping[str, str], tool: str) -> str:
    wanted = ' '.join(engines.get(tool, '').split())
    if not wanted:
        return ''
    if len(wanted) > LONGEST_RANGE or nodesemver.valid_range(wanted, False) is None:
        shown = ascii(wanted[:60])[1:-1]
        raise DetectError(
            f'engines.{tool} in package.json is "{shown}", which is no range of versions: write one such as "{NODE}" or ">=20 <25"'
            if tool == 'node'
            else f'engines.{tool} in package.json is "{shown}", which is no range of versions: write one such as "11.x"'
        )
    return wanted


def _start(source: Source, scripts: Mapping[str, str]) -> tuple[tuple[ProcessType, ...], str]:
    if source.exists('Procfile'):
        return (), 'Procfile'
    if scripts.get('start'):
        command, why = 'npm start', 'scripts.start'
    elif source.exists('server.js'):
        command, why = 'node server.js', 'server.js'
    else:
        raise DetectError(
            'nothing says how the app is started: add a "start" script to package.json, or a Procfile with "web: COMMAND"'
        )
    return (ProcessType(name='web', command=command),), f'No Procfile, so the default for Node.js ({why})'


def _notes(source: Source, reason: str, lock: str | None) -> Iterable[str]:
    if reason == 'package.json' and not lock:
        yield 'There is no package-lock.json: versions may differ from build to build. Commit the one that "npm install" writes.'
    if _committed_modules(source):
        yield 'node_modules is in the repository and is not used: "git rm -r --cached node_modules" and add it to .gitignore.'
    npmrc = read_text(source, '.npmrc') if source.exists('.npmrc') else ''
    if '_authToken' in npmrc and '${' not in npmrc:
        yield '.npmrc holds a token: everybody who may read the repository has it. Write ${NPM_TOKEN} and set a config var.'
