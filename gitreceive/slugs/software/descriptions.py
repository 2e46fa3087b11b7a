"""Small files in which packages describe themselves: one function for each kind, which yields nothing for what is none."""

import json
import re
from collections.abc import Callable, Iterator, Mapping

from packaging.metadata import parse_email
from packaging.utils import canonicalize_name

from gitreceive.slugs.software.package import Package, short

LIMIT = 1_000_000
"""Bytes of a package's own description that are read; a larger one is left out."""

STUB = re.compile(rb'^# stub: (\S+) (\S+) (\S+) ', re.MULTILINE)
"""Name, version and platform of a gem, as RubyGems writes them above what it has evaluated (``Gem::StubSpecification``)."""

LICENCES = re.compile(rb'^  s\.licenses = \["([^"\\]*)"(?:\.freeze)?\]', re.MULTILINE)
PROPERTY = re.compile(rb'^[ \t]*(groupId|artifactId|version)[ \t]*[=:][ \t]*(\S+)[ \t\r]*$', re.MULTILINE)


def _npm(content: bytes) -> Iterator[Package]:
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        return
    if not isinstance(found, dict):
        return
    name, version, licence = (short(found.get(key)) for key in ('name', 'version', 'license'))
    group, _, last = name.rpartition('/')
    if last and version:
        yield Package(registry='npm', group=group, name=last, version=version, licence=licence)


def _python(content: bytes) -> Iterator[Package]:
    try:
        found, _ = parse_email(content)
    except RecursionError:  # a message in a message in a message ...
        return
    name, version = short(found.get('name')), short(found.get('version'))
    licence = short(found.get('license_expression') or found.get('license'))
    if name and version:
        yield Package(registry='pypi', name=canonicalize_name(name), version=version, licence=licence)


def _gem(content: bytes) -> Iterator[Package]:
    stub = STUB.search(content)
    if not stub:
        return
    name, version, platform = (_text(word) for word in stub.groups())
    licence = LICENCES.search(content)
    if name and version:
        yield Package(
            registry='gem',
            name=name,
            version=version,
            licence=_text(licence[1]) if licence else '',
            qualifiers=(('platform', platform),) if platform not in ('', 'ruby') else (),
        )


def _maven(content: bytes) -> Iterator[Package]:
    found = {_text(key): _text(value) for key, value in PROPERTY.findall(content)}
    group, name, version = (found.get(key, '') for key in ('groupId', 'artifactId', 'version'))
    if group and name and version:
        yield Package(registry='maven', group=group, name=name, version=version)


def _debian(content: bytes) -> Iterator[Package]:
    """The lines of ``buildpacks/shared/note-packages``."""
    for line in content.splitlines():
        words = [_text(word) for word in line.split(b' ')]
        if len(words) == 6 and all(words):
            system, release, name, version, architecture, source = words
            qualifiers = (
                ('arch', architecture),
                ('distro', f'{system}-{release}'),
                *((('upstream', source),) if source != name else ()),
            )
            yield Package(registry='deb', group=system, name=name, version=version, qualifiers=qualifiers)


def _text(content: bytes) -> str:
    return short(content.decode('utf-8', 'replace'))


DESCRIBED: Mapping[re.Pattern[str], Callable[[bytes], Iterator[Package]]] = {
    re.compile(r'.*/node_modules/(?:@[^/]+/)?[^/]+/package\.json'): _npm,
    re.compile(r'.*/npm/[^/]+/(?:@[^/]+/)?[^/]+/\d[^/]*/package\.json'): _npm,  # Deno's cache, by host
    re.compile(r'.*/[^/]+\.dist-info/METADATA'): _python,
    re.compile(r'.*/specifications/(?:default/)?[^/]+\.gemspec'): _gem,
    re.compile(r'.*/bundler/gems/[^/]+/[^/]+\.gemspec'): _gem,  # of git, evaluated by Bundler
    re.compile(r'.*/META-INF/maven/[^/]+/[^/]+/pom\.properties'): _maven,
    re.compile(r'app/heroku/debian-packages|app/\.apt/packages'): _debian,
}
"""Where packages describe themselves. Another kind is a line here."""


def describer(path: str) -> Callable[[bytes], Iterator[Package]] | None:
    """What reads the file at ``path``, if packages describe themselves in such a one."""
    return next((describe for pattern, describe in DESCRIBED.items() if pattern.fullmatch(path)), None)
