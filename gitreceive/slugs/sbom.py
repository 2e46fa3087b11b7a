"""The software in a slug, as a CycloneDX bill of materials (https://cyclonedx.org/docs/1.6/json/).

What it lists is what package managers say of themselves in the slug: ``package.json`` below ``node_modules``, ``METADATA``
of Python distributions; and the tools whose versions the build recorded. The same slug gives the same bytes.
"""

import json
import re
import uuid
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.license import LicenseAcknowledgement
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL
from packaging.metadata import parse_email
from packaging.utils import canonicalize_name

from gitreceive.model import Release
from gitreceive.ports import SlugReader
from gitreceive.slugs.parts import Part

LIMIT = 1_000_000
"""Bytes of a package's own description that are read; a larger one is left out."""

MOST = 50_000
"""Packages that are listed."""

LONGEST = 200
"""Characters of a name, a version or a licence: more is no such thing."""

NAMESPACE = uuid.UUID('6a7b6b5e-9a3c-4a54-9a57-0d9c1f4ee2a1')
"""For serial numbers that are drawn from the slug (RFC 9562, version 5); drawn by lot once."""


REMEMBERED = 32
"""Members whose packages are not looked for again: all slugs of an app share their lower ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """A package by the words of its own description; ``registry`` is the type of a package URL."""

    registry: str
    name: str
    version: str
    group: str = ''
    licence: str = ''


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a member holds: packages, and the time of its newest file."""

    packages: tuple[Package, ...]
    newest: int


class Inventory:
    """Finds packages, in each member once. For one thread."""

    def __init__(self, reader: SlugReader) -> None:
        self._reader = reader
        self._found: OrderedDict[str, Found] = OrderedDict()

    def of(self, part: Part) -> Found:
        """What is in a member. Raises SlugError or StorageError."""
        if part.sha256 not in self._found:
            self._found[part.sha256] = self._read(part)
        self._found.move_to_end(part.sha256)
        while len(self._found) > REMEMBERED:
            self._found.popitem(last=False)
        return self._found[part.sha256]

    def _read(self, part: Part) -> Found:
        packages: set[Package] = set()
        newest = 0
        with part.open() as stream:
            for entry, pieces in self._reader.entries(stream):
                newest = max(newest, entry.mtime)
                describe = _describer(entry.name) if entry.kind == 'file' and entry.size <= LIMIT else None
                package = describe(b''.join(pieces)) if describe and len(packages) < MOST else None
                packages |= {package} if package else set()
        return Found(packages=tuple(packages), newest=newest)


def bill_of_materials(release: Release, parts: Sequence[Part], inventory: Inventory) -> bytes:
    """The document's bytes, JSON. Raises SlugError or StorageError."""
    found = [inventory.of(part) for part in parts]
    packages = {package for each in found for package in each.packages}
    components = [*_tools(release.versions), *map(_library, packages)]
    app = Component(
        type=ComponentType.APPLICATION,
        name=release.app,
        version=release.commit,
        bom_ref=release.app,
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=release.slug.sha256)],
    )
    unique = {component.bom_ref.value: component for component in sorted(components)}.values()
    bom = Bom(serial_number=uuid.uuid5(NAMESPACE, release.slug.sha256), components=unique)
    bom.metadata.timestamp = datetime.fromtimestamp(max(each.newest for each in found), UTC)
    bom.metadata.component = app
    bom.metadata.tools.components.add(TOOL)
    bom.register_dependency(app, unique)
    return JsonV1Dot6(bom).output_as_string(indent=1).encode() + b'\n'


def _npm(content: bytes) -> Package | None:
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict):
        return None
    name, version, licence = (_short(found.get(key)) for key in ('name', 'version', 'license'))
    group, _, last = name.rpartition('/')
    if not last or not version:
        return None
    return Package(registry='npm', group=group, name=last, version=version, licence=licence)


def _python(content: bytes) -> Package | None:
    try:
        found, _ = parse_email(content)
    except RecursionError:  # a message in a message in a message ...
        return None
    name, version = _short(found.get('name')), _short(found.get('version'))
    if not name or not version:
        return None
    licence = _short(found.get('license_expression') or found.get('license'))
    return Package(registry='pypi', name=canonicalize_name(name), version=version, licence=licence)


DESCRIBED: Mapping[re.Pattern[str], Callable[[bytes], Package | None]] = {
    re.compile(r'.*/node_modules/(?:@[^/]+/)?[^/]+/package\.json'): _npm,
    re.compile(r'.*/[^/]+\.dist-info/METADATA'): _python,
}
"""Where packages describe themselves. Another kind is a line here."""

LICENCES = LicenseFactory()
TOOL = Component(type=ComponentType.APPLICATION, name='gitreceive', bom_ref='gitreceive')


def _describer(path: str) -> Callable[[bytes], Package | None] | None:
    return next((describe for pattern, describe in DESCRIBED.items() if pattern.fullmatch(path)), None)


def _tools(versions: Mapping[str, str]) -> Iterator[Component]:
    for tool, version in versions.items():
        purl = PackageURL('generic', None, tool, version)
        yield Component(
            type=ComponentType.APPLICATION, name=tool, version=version, purl=purl, bom_ref=purl.to_string()
        )


def _library(package: Package) -> Component:
    purl = PackageURL(package.registry, package.group or None, package.name, package.version)
    declared = LicenseAcknowledgement.DECLARED
    return Component(
        type=ComponentType.LIBRARY,
        group=package.group or None,
        name=package.name,
        version=package.version,
        purl=purl,
        bom_ref=purl.to_string(),
        licenses=[LICENCES.make_from_string(package.licence, license_acknowledgement=declared)]
        if package.licence
        else (),
    )


def _short(value: object) -> str:
    """A name, a version or a licence; empty if it is no such thing."""
    return value if isinstance(value, str) and len(value) <= LONGEST and value.isprintable() else ''
