"""What a jar says of itself in its manifest and by its name, where Maven's own words are not in it.

https://docs.oracle.com/en/java/javase/17/docs/specs/jar/jar.html#jar-manifest
"""

import re
from collections.abc import Iterator, Mapping

from gitreceive.slugs.software.package import Package, short

NAME = re.compile(r'(?:.*/)?([^/]+?)-(\d[^/]*)\.jar')
PLAIN = re.compile(r'[\w.-]+')
MANIFEST = 'META-INF/MANIFEST.MF'


def jar_package(path: str, manifest: bytes, sha1: str) -> Iterator[Package]:
    """At most one package: Maven's, if it is known whose it is; else one that its checksum tells from others."""
    said = _attributes(manifest)
    named = NAME.fullmatch(path)
    name = short(named[1]) if named else said.get('Implementation-Title', '')
    version = short(named[2]) if named else said.get('Implementation-Version', '')
    if not version or not PLAIN.fullmatch(name):  # a title may be no name: "Java Runtime Environment"
        return
    symbol = said.get('Bundle-SymbolicName', '').partition(';')[0].strip()
    group = said.get('Implementation-Vendor-Id', '')
    if not group and '.' in symbol and (symbol == name or symbol.endswith(f'.{name}')):
        group = symbol.removesuffix(f'.{name}') if symbol != name else symbol.rpartition('.')[0]
    if PLAIN.fullmatch(group):
        name = name.removeprefix(f'{group}.')  # as sbt-native-packager calls them
        yield Package(registry='maven', group=group, name=name, version=version, sha1=sha1)
    else:
        yield Package(registry='generic', name=name, version=version, sha1=sha1)


def _attributes(manifest: bytes) -> Mapping[str, str]:
    """Those of the main section; a line that begins with a blank goes on with the one before."""
    text = manifest.decode('utf-8', 'replace').replace('\r\n', '\n').replace('\r', '\n')
    main = text.partition('\n\n')[0].replace('\n ', '')
    pairs = (line.partition(':') for line in main.split('\n'))
    return {name: short(value.strip()) for name, _, value in pairs}
