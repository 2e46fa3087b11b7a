"""The software in a slug, as a CycloneDX bill of materials (https://cyclonedx.org/docs/1.6/json/).

What it lists is what packages say of themselves in the slug (``gitreceive/slugs/software/``), and the tools whose versions the
build recorded. The same slug gives the same bytes.
"""

import re
import uuid
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import HashAlgorithm, HashType, Property
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.license import LicenseAcknowledgement
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

from gitreceive.model.release import Release
from gitreceive.slugs.inventory import Inventory
from gitreceive.slugs.parts import Part
from gitreceive.slugs.software.package import Package

NAMESPACE = uuid.UUID('6a7b6b5e-9a3c-4a54-9a57-0d9c1f4ee2a1')
"""For serial numbers that are drawn from the slug (RFC 9562, version 5); drawn at random once."""


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
    if not all(each.complete for each in found):
        bom.metadata.properties.add(INCOMPLETE)
    bom.register_dependency(app, unique)
    return JsonV1Dot6(bom).output_as_string(indent=1).encode() + b'\n'


def package_url(package: Package) -> PackageURL:
    """What registries and advisories call it (https://github.com/package-url/purl-spec)."""
    qualifiers = dict(package.qualifiers)
    return PackageURL(package.registry, package.group or None, package.name, package.version, qualifiers)


LICENCES = LicenseFactory()
TOOL = Component(type=ComponentType.APPLICATION, name='gitreceive', bom_ref='gitreceive')
INCOMPLETE = Property(name='gitreceive:incomplete', value='there was more than is looked at')
PRODUCTS = {
    'bun': 'oven:bun',
    'deno': 'deno:deno',
    'go': 'golang:go',
    'java': 'oracle:openjdk',
    'nginx': 'f5:nginx',
    'node': 'nodejs:node.js',
    'php': 'php:php',
    'python': 'python:python',
    'ruby': 'ruby-lang:ruby',
    'rust': 'rust-lang:rust',
}
"""Vendor and product of runtimes in the dictionary that advisories use (https://nvd.nist.gov/products/cpe)."""

PLAIN = re.compile(r'[0-9A-Za-z]+(?:[._][0-9A-Za-z]+)*')


def _tools(versions: Mapping[str, str]) -> Iterator[Component]:
    named = ((tool, version) for tool, version in versions.items() if tool.strip(' /'))
    for tool, version in named:
        purl = PackageURL('generic', None, tool, version)
        known = PRODUCTS.get(tool) if PLAIN.fullmatch(version) else None
        yield Component(
            type=ComponentType.APPLICATION,
            name=tool,
            version=version,
            purl=purl,
            bom_ref=purl.to_string(),
            cpe=f'cpe:2.3:a:{known}:{version}:*:*:*:*:*:*:*' if known else None,
        )


def _library(package: Package) -> Component:
    purl = package_url(package)
    declared = LicenseAcknowledgement.DECLARED
    return Component(
        type=ComponentType.LIBRARY,
        group=package.group or None,
        name=package.name,
        version=package.version,
        purl=purl,
        bom_ref=purl.to_string(),
        hashes=[HashType(alg=HashAlgorithm.SHA_1, content=package.sha1)] if package.sha1 else (),
        licenses=[LICENCES.make_from_string(package.licence, license_acknowledgement=declared)]
        if package.licence
        else (),
    )
