"""The packages of a Rust app, and the programs that Cargo makes of each (The Cargo Book, "Cargo Targets")."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from gitreceive.build.appfiles.manifest import at, plain_path, read_toml
from gitreceive.build.ports import Source

MANIFEST = 'Cargo.toml'
MOST = 100
"""Packages of a workspace, and programs of a package, that are looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """A package: where it lies (empty, or a path that ends in ``/``), and what its Cargo.toml says."""

    folder: str
    manifest: Mapping[str, object]


def built_packages(source: Source, root: Mapping[str, object]) -> list[Package]:
    """Those that ``cargo build`` at the root builds: the root's own, else the workspace's default members, else all."""
    if 'package' in root:
        return [Package(folder='', manifest=root)]
    members = _strings(at(root, 'workspace', 'default-members')) or _strings(at(root, 'workspace', 'members'))
    left_out = {name.strip('/') for name in _strings(at(root, 'workspace', 'exclude'))}
    found = (path for member in members[:MOST] for path in _manifests(source, member))
    folders = dict.fromkeys(path.removesuffix(MANIFEST) for path in found)
    kept = [folder for folder in folders if folder.strip('/') not in left_out]
    return [Package(folder=folder, manifest=read_toml(source, folder + MANIFEST)) for folder in kept[:MOST]]


def programs(source: Source, package: Package) -> list[str]:
    """The names of its programs: of ``[[bin]]``, src/main.rs and src/bin. Those that need features are left out."""
    folder, manifest = package.folder, package.manifest
    tables = manifest.get('bin')
    listed = [table for table in tables if isinstance(table, Mapping)] if isinstance(tables, list) else []
    hidden = {table.get('name') for table in listed if table.get('required-features')}
    paths = {table.get('path') for table in listed}
    names = [str(table.get('name', '')) for table in listed]
    if at(manifest, 'package', 'autobins') is not False:
        names += [name for path, name in _found(source, folder, manifest) if path not in paths]
    return [name for name in dict.fromkeys(names[:MOST]) if name not in hidden and plain_path(name)]


def _found(source: Source, folder: str, manifest: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """The programs that lie where Cargo looks for them: paths within the package, and names."""
    if source.exists(f'{folder}src/main.rs'):
        yield 'src/main.rs', str(at(manifest, 'package', 'name') or '')
    for path in source.glob(f'{folder}src/bin/*.rs'):
        inner = path.removeprefix(folder)
        yield inner, inner.rpartition('/')[2].removesuffix('.rs')
    for path in source.glob(f'{folder}src/bin/*/main.rs'):
        inner = path.removeprefix(folder)
        yield inner, inner.split('/')[2]


def _manifests(source: Source, member: str) -> list[str]:
    pattern = '/'.join(part for part in member.split('/') if part not in ('', '.'))
    if '..' in pattern.split('/') or not pattern:
        return []
    return list(source.glob(f'{pattern}/{MANIFEST}'))


def _strings(found: object) -> list[str]:
    return [one for one in found if isinstance(one, str)] if isinstance(found, list) else []
