"""Workspaces: the packages of an app's own repository that are installed with it, and whether manifests tell all of them."""

import re
from collections.abc import Iterator, Mapping

from gitreceive.build.appfiles.manifest import plain_path, read_json_object, read_text, table
from gitreceive.build.ports import Source
from gitreceive.model.errors import DetectError

PACKAGE = 'package.json'
PNPM_FILE = 'pnpm-workspace.yaml'

MOST = 40
"""Each is copied by an instruction of its own, which makes a layer; an image has 127 of them at most."""

PATTERN = re.compile(r'(?!.*\*\*)[\w@.*-]+(?:/[\w@.*-]+)*', re.ASCII)
PNPM_PACKAGES = re.compile(r'^packages:[ \t]*\n((?:[ \t]*(?:[-#][^\n]*)?(?:\n|\Z))*)', re.MULTILINE)
PNPM_ITEM = re.compile(r"""^[ \t]*-[ \t]+["']?([^"'\s#]+)["']?[ \t]*(?:#.*)?$""", re.MULTILINE)
PNPM_SETTING = re.compile(r'^(\w+):', re.MULTILINE)
PNPM_SETTINGS = frozenset(
    'packages catalog catalogs onlyBuiltDependencies ignoredBuiltDependencies allowBuilds minimumReleaseAge nodeLinker '
    'hoistPattern publicHoistPattern shamefullyHoist autoInstallPeers strictPeerDependencies savePrefix '
    'linkWorkspacePackages preferWorkspacePackages'.split()
)
"""What may stand in pnpm's file without that installing looks at other files of the code."""

COPIES = re.compile(r'inject|install[-_]links|pnpmfile|patch', re.IGNORECASE)
"""Settings in .npmrc by which packages of the repository are copied rather than linked, or changed."""

WANTED = (
    'dependencies',
    'devDependencies',
    'optionalDependencies',
    'peerDependencies',
    'resolutions',
    'overrides',
    'pnpm',
    'patchedDependencies',
    'catalog',
    'catalogs',
)
LOCAL = ('file:', 'link:', 'portal:', 'patch:', './', '../', '~/', '/')
SCRIPTS = ('preinstall', 'install', 'postinstall', 'prepublish', 'preprepare', 'prepare', 'postprepare')
PROGRAMS = ('bin', 'directories', 'publishConfig', 'dependenciesMeta')
"""What has installing look for files of the package, and links to them or copies them."""

BESIDE = (
    'binding.gyp',
    'prisma/schema.prisma',
    'node_modules/*',
    'node_modules/*/*',
    '.npmrc',
    '.pnpmfile.cjs',
    'pnpm-lock.yaml',
)


def has_workspaces(source: Source, package: Mapping[str, object]) -> bool:
    """Whether the app has any, for the package manager that it uses or for another one."""
    return bool(package.get('workspaces')) or (
        source.exists(PNPM_FILE) and bool(re.search('^packages:', read_text(source, PNPM_FILE), re.MULTILINE))
    )


def workspace_folders(source: Source, package: Mapping[str, object], manager: str) -> tuple[str, ...]:
    """The directories whose package.json is all that installing needs of the app's workspaces, sorted.

    Empty where it may need more: scripts to run, programs to link, patterns that are not plain.
    """
    patterns = _pnpm(source) if manager == 'pnpm' else _named(package)
    plain = [pattern.removeprefix('./').rstrip('/') for pattern in patterns if pattern != '.']
    if not all(map(PATTERN.fullmatch, plain)) or _copied(source) or _looks_elsewhere(package):
        return ()
    found = {path for pattern in plain for path in source.glob(f'{pattern}/{PACKAGE}')}
    folders = sorted(path.rpartition('/')[0] for path in found)
    enough = len(folders) <= MOST and all(_manifest_is_all(source, folder) for folder in folders)
    return tuple(folders) if enough else ()


def _named(package: Mapping[str, object]) -> list[str]:
    """The patterns in package.json; one that is not plain for what is no list of them."""
    found = package.get('workspaces')
    if isinstance(found, dict):
        found = found.get('packages')
    if isinstance(found, list) and all(isinstance(one, str) for one in found):
        return found
    return ['!']


def _pnpm(source: Source) -> list[str]:
    text = read_text(source, PNPM_FILE) if source.exists(PNPM_FILE) else ''
    listed = PNPM_PACKAGES.search(text)
    if not listed or not PNPM_SETTINGS.issuperset(PNPM_SETTING.findall(text)):
        return ['!']
    lines = [line for line in map(str.strip, listed[1].splitlines()) if line and not line.startswith('#')]
    items = PNPM_ITEM.findall(listed[1])
    return items if len(items) == len(lines) else ['!']


def _copied(source: Source) -> bool:
    return source.exists('.npmrc') and bool(COPIES.search(read_text(source, '.npmrc')))


def _manifest_is_all(source: Source, folder: str) -> bool:
    if not plain_path(folder) or any(source.glob(f'{folder}/{name}') for name in BESIDE):
        return False
    try:
        manifest = read_json_object(source, f'{folder}/{PACKAGE}')
        scripts = table(manifest, 'scripts', PACKAGE)
    except DetectError:
        return False
    return not (
        any(map(scripts.get, SCRIPTS)) or any(map(manifest.get, PROGRAMS)) or _looks_elsewhere(manifest)
    )


def _looks_elsewhere(manifest: Mapping[str, object]) -> bool:
    """Whether a package is to come from a directory or file of the code. Ranges of workspaces (``workspace:``) do not count."""
    return any(
        text == 'patchedDependencies' or text.startswith(LOCAL)
        for kind in WANTED
        for text in _texts(manifest.get(kind))
    )


def _texts(found: object) -> Iterator[str]:
    """All strings in a value of JSON, and the names in its objects."""
    left = [found]
    while left:
        one = left.pop()
        if isinstance(one, str):
            yield one
        elif isinstance(one, dict):
            left += [*one, *one.values()]
        elif isinstance(one, list):
            left += one
