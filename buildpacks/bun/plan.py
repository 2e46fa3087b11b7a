"""Bun apps: package.json with Bun's lock file; Bun installs, builds and runs them, and there is no Node.js."""

import re
from collections.abc import Iterable, Mapping

import nodesemver

from gitreceive.build.appfiles.manifest import read_json_object, read_text, table
from gitreceive.build.appfiles.workspaces import has_workspaces, workspace_folders
from gitreceive.build.ports import Source
from gitreceive.model.errors import DetectError
from gitreceive.model.plan import Choice, Plan, Stack
from gitreceive.model.process import ProcessType

MARKERS = ('bun.lock', 'bun.lockb')
ORDER = 31
INSTALL_ENV = ('BUN_*', 'NODE_*', 'NPM_*', 'npm_*', 'PUPPETEER_*', 'PLAYWRIGHT_*', 'PRISMA_*', 'SHARP_*')
YIELDS = True

STRONGER = ('requirements.txt',)
"""Beside these, package.json is there for the assets of an app on another platform."""

OTHERS = ('package-lock.json', 'npm-shrinkwrap.json', 'yarn.lock', 'pnpm-lock.yaml')
"""Beside these there are two lock files, which the buildpack for Node.js refuses."""

BUN = '1.x'
MANIFESTS = ('package.json', *MARKERS, 'bunfig.toml', '.npmrc')
INSTALL_SCRIPTS = ('preinstall', 'install', 'postinstall', 'preprepare', 'prepare', 'postprepare')
SERVERS = ('server.ts', 'server.js', 'index.ts', 'index.js')
DEPENDENCIES = ('dependencies', 'devDependencies', 'optionalDependencies', 'peerDependencies')
OWN = 'workspace:'
LOCAL = ('file:', 'link:', OWN, './', '../', '/')
PIN = re.compile(r'bun@(\d{1,9}\.\d{1,9}\.\d{1,9})', re.ASCII)
LONGEST_RANGE = 200

CAUSES = (
    (
        r"(?:ParserError|SyntaxError): failed to parse lockfile: '(bun\.lockb?)'",
        r'\g<1> cannot be read\nResolve the merge conflict in it, or delete it; run "bun install" and commit the new one.',
    ),
    (
        r'Integrity check failed for tarball: (\S{1,150})',
        r'the package \g<1> is not the one that the lock file names\nFind out why before anything else; only then delete its line and run "bun install".',
    ),
    (
        r'Unsupported lockfile version|InvalidLockfile|Failed to parse lockfile|Unknown lockfile version',
        'the lock file cannot be used by this version of Bun\nRun "bun install" with the version that the log names, and commit it.',
    ),
    (
        r'lockfile had changes, but lockfile is frozen|Lockfile is frozen',
        'bun.lock does not match package.json\nRun "bun install" and commit bun.lock.',
    ),
    (
        r'No version matching "([^"\n]{1,80})" found for specifier "([^"\n]{1,80})"',
        r'there is no version \g<1> of \g<2>\nCorrect it in package.json, run "bun install" and commit both files.',
    ),
    (
        r'(?:GET \S{1,200} - 404|error: package "[^"\n]{1,100}" not found)',
        'the package registry has not one of the packages\nThe line above names it: correct it in package.json, or give Bun access to it (.npmrc, config vars).',
    ),
    (
        r'GET \S{1,200} - 40[13]',
        'the package registry refuses access\nSet the token that .npmrc or bunfig.toml uses as a config var.',
    ),
    (
        r'(there is no Bun that satisfies [^\n]{1,300})',
        r'\g<1>\nCorrect it where it is asked for ("Using" above names the file), and commit it.',
    ),
    (
        r'error: (\w{1,40}) script from "([^"\n]{1,100})" exited with',
        r'the script \g<1> of \g<2> failed\nIts own words are above; it may need config vars.',
    ),
    (
        r'([\w.@/-]{1,60}): command not found',
        r'the command \g<1> is not there\nAdd the package that has it to the dependencies of package.json.',
    ),
    (
        r'Script not found "([\w:.-]{1,60})"',
        r'package.json has no script "\g<1>"\nAdd it under "scripts", or do not ask for it.',
    ),
    (
        r"(?:Cannot find (?:module|package)|Module not found) [\"']([^\"'\n]{1,200})[\"']",
        r'the module \g<1> is not there\nAdd it to the dependencies of package.json, or correct the path (upper and lower case count).',
    ),
)


def detect(source: Source) -> str | None:
    """Bun's lock file beside a package.json, unless the app belongs to another platform."""
    if not source.exists('package.json') or any(map(source.exists, (*STRONGER, *OTHERS))):
        return None
    return next((name for name in MARKERS if source.exists(name)), None)


def plan(source: Source, stack: Stack, env: Mapping[str, str]) -> Plan:
    """How the app is built. Raises DetectError for manifests that contradict each other or cannot be read."""
    package = read_json_object(source, 'package.json')
    scripts = table(package, 'scripts', 'package.json')
    bun = _bun(source, package)
    start, start_from = _start(source, scripts)
    return Plan(
        buildpack='bun',
        title='Bun',
        reason=detect(source) or MARKERS[0],
        choices=(bun,),
        values=_values(source, package, scripts, bun.wanted, env),
        processes=start,
        processes_from=start_from,
        notes=tuple(_notes(source)),
    )


def _values(
    source: Source,
    package: Mapping[str, object],
    scripts: Mapping[str, str],
    bun: str,
    env: Mapping[str, str],
) -> Mapping[str, str | bool | tuple[str, ...]]:
    build = tuple(name for name in ('heroku-postbuild', 'build') if scripts.get(name))[:1]
    early = any(scripts.get(name) for name in INSTALL_SCRIPTS)
    keep_dev = env.get('NODE_ENV', 'production') != 'production' or bool(package.get('trustedDependencies'))
    with_dev = keep_dev or early or bool(build)
    folders = workspace_folders(source, package, 'bun') if has_workspaces(source, package) else ()
    return {
        'bun': bun,
        'manifests': tuple(name for name in MANIFESTS if source.exists(name)),
        'workspaces': folders,
        'own_scripts': early,
        'tree_first': early or _needs_tree(source, package, folders),
        'install': ('install', '--frozen-lockfile')
        if with_dev
        else ('install', '--frozen-lockfile', '--production'),
        'build': build,
        'prune': with_dev and not keep_dev,
        'needs_source_version': bool(build),
    }


def _needs_tree(source: Source, package: Mapping[str, object], folders: tuple[str, ...]) -> bool:
    """Whether installing looks at more than the manifests, those in ``folders`` too."""
    wanted = (spec for kind in DEPENDENCIES for spec in table(package, kind, 'package.json').values())
    return bool(
        (package.get('workspaces') and not folders)
        or package.get('patchedDependencies')
        or source.glob('patches/*')
        or any(spec.startswith(LOCAL) and not (folders and spec.startswith(OWN)) for spec in wanted)
    )


def _bun(source: Source, package: Mapping[str, object]) -> Choice:
    said = package.get('packageManager')
    if said:
        match = PIN.fullmatch(said) if isinstance(said, str) else None
        if not match:
            raise DetectError(
                f"packageManager in package.json is {ascii(said)[:60]}, and the lock file is Bun's: "
                'write one such as "bun@1.4.4", or delete the lock file'
            )
        return Choice(tool='Bun', wanted=match[1], source='packageManager')
    asked = ' '.join(table(package, 'engines', 'package.json').get('bun', '').split())
    if asked:
        return Choice(tool='Bun', wanted=_range(asked, 'engines.bun in package.json'), source='engines.bun')
    if source.exists('.bun-version'):
        version = read_text(source, '.bun-version').strip().removeprefix('v')
        return Choice(tool='Bun', wanted=_range(version, '.bun-version'), source='.bun-version')
    return Choice(tool='Bun', wanted=BUN, source='default; set engines.bun in package.json to choose')


def _range(text: str, where: str) -> str:
    if len(text) > LONGEST_RANGE or '\n' in text or nodesemver.valid_range(text, False) is None:
        raise DetectError(
            f'{where} is "{ascii(text[:60])[1:-1]}", which is no range of versions: write one such as "{BUN}"'
        )
    return text


def _start(source: Source, scripts: Mapping[str, str]) -> tuple[tuple[ProcessType, ...], str]:
    if source.exists('Procfile'):
        return (), 'Procfile'
    if scripts.get('start'):
        command, why = 'bun run start', 'scripts.start'
    else:
        why = next((name for name in SERVERS if source.exists(name)), '')
        command = f'bun {why}'
    if not why:
        raise DetectError(
            'nothing says how the app is started: add a "start" script to package.json, or a Procfile with "web: COMMAND"'
        )
    return (ProcessType(name='web', command=command),), f'No Procfile, so the default for Bun ({why})'


def _notes(source: Source) -> Iterable[str]:
    if any(source.glob(f'node_modules/{pattern}') for pattern in ('*', '*/*', '*/*/*')):
        yield 'node_modules is in the repository and is not used: "git rm -r --cached node_modules" and add it to .gitignore.'
