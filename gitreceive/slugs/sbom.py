"""The software in a slug, as a CycloneDX bill of materials (https://cyclonedx.org/docs/1.6/json/).

What it lists is what package managers say of themselves in the slug: ``package.json`` below ``node_modules``, ``METADATA``
of Python distributions; and the tools whose versions the build recorded. The same slug gives the same bytes.
"""

import json
import re
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
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
from gitreceive.slugs.stored import Part

LIMIT = 1_000_000
"""Bytes of a package's own description that are read; a larger one is left out."""

MOST = 50_000
"""Packages that are listed."""

LONGEST = 200
"""Characters of a name, a version or a licence: more is no such thing."""

NAMESPACE = uuid.UUID('6a7b6b5e-9a3c-4a54-9a57-0d9c1f4ee2a1')
"""For serial numbers that are drawn from the slug (RFC 9562, version 5); drawn by lot once."""


def bill_of_materials(release: Release, parts: Sequence[Part], reader: SlugReader) -> bytes:
    """The document's bytes, JSON. Raises SlugError or StorageError."""
    app = Component(
        type=ComponentType.APPLICATION,
        name=release.app,
        version=release.commit,
        bom_ref=release.app,
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=release.slug.sha256)],
    )
    found = {component.bom_ref.value: component for component in _tools(release.versions)}
    newest = 0
    for part in parts:
        with part.open() as stream:
            for entry, pieces in reader.entries(stream):
                newest = max(newest, entry.mtime)
                describe = _describer(entry.name) if entry.kind == 'file' else None
                if describe and entry.size <= LIMIT and len(found) < MOST:
                    component = describe(b''.join(pieces))
                    if component:
                        found.setdefault(component.bom_ref.value, component)
    bom = Bom(serial_number=uuid.uuid5(NAMESPACE, release.slug.sha256), components=found.values())
    bom.metadata.timestamp = datetime.fromtimestamp(newest, UTC)
    bom.metadata.component = app
    bom.metadata.tools.components.add(TOOL)
    bom.register_dependency(app, found.values())
    return JsonV1Dot6(bom).output_as_string(indent=1).encode() + b'\n'


def _tools(versions: Mapping[str, str]) -> Iterator[Component]:
    for tool, version in sorted(versions.items()):
        yield _component(ComponentType.APPLICATION, 'generic', '', tool, version)


def _npm(content: bytes) -> Component | None:
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict):
        return None
    name, version, licence = (found.get(key) for key in ('name', 'version', 'license'))
    if not (_short(name) and _short(version)):
        return None
    group, _, last = str(name).rpartition('/')
    return _component(ComponentType.LIBRARY, 'npm', group, last, str(version), licence)


def _python(content: bytes) -> Component | None:
    found, _ = parse_email(content)
    name, version = found.get('name'), found.get('version')
    if not (_short(name) and _short(version)):
        return None
    licence = found.get('license_expression') or found.get('license')
    return _component(ComponentType.LIBRARY, 'pypi', '', canonicalize_name(str(name)), str(version), licence)


DESCRIBED: Mapping[re.Pattern[str], Callable[[bytes], Component | None]] = {
    re.compile(r'.*/node_modules/(?:@[^/]+/)?[^/]+/package\.json'): _npm,
    re.compile(r'.*/[^/]+\.dist-info/METADATA'): _python,
}
"""Where packages describe themselves. Another kind is a line here."""


def _describer(path: str) -> Callable[[bytes], Component | None] | None:
    return next((describe for pattern, describe in DESCRIBED.items() if pattern.fullmatch(path)), None)


def _component(
    kind: ComponentType, registry: str, group: str, name: str, version: str, licence: object = None
) -> Component:
    purl = PackageURL(registry, group or None, name, version)
    return Component(
        type=kind,
        group=group or None,
        name=name,
        version=version,
        purl=purl,
        bom_ref=purl.to_string(),
        licenses=[
            LICENCES.make_from_string(str(licence), license_acknowledgement=LicenseAcknowledgement.DECLARED)
        ]
        if _short(licence)
        else (),
    )


LICENCES = LicenseFactory()
TOOL = Component(type=ComponentType.APPLICATION, name='gitreceive', bom_ref='gitreceive')


def _short(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= LONGEST and value.isprintable()
