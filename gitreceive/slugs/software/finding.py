"""Packages in a file, by its name: in what it says, in the archive that it is, in the program that it is."""

import re
from collections.abc import Iterable, Iterator

from gitreceive.slugs.software.archives import ARCHIVE, BROKEN, Archive, archive
from gitreceive.slugs.software.descriptions import LIMIT, describer
from gitreceive.slugs.software.gobinaries import go_modules
from gitreceive.slugs.software.jars import MANIFEST, jar_package
from gitreceive.slugs.software.package import Allowance, Package

DEPTH = 3
"""Archives in archives: an ear holds wars, which hold jars."""

POM = re.compile(r'META-INF/maven/[^/]+/[^/]+/pom\.properties')


def find_packages(path: str, size: int, pieces: Iterable[bytes], allowance: Allowance) -> Iterator[Package]:
    """What the file of ``size`` bytes at ``path`` (``app/src/lib/x.jar``) says or holds. Raises Exhausted."""
    known = describer(path) or ARCHIVE.fullmatch(path)
    found = _inside(path, size, pieces, allowance, 0) if known else go_modules(pieces)
    yield from (package for package in found if package.name.strip('/'))


def _inside(
    path: str, size: int, pieces: Iterable[bytes], allowance: Allowance, depth: int
) -> Iterator[Package]:
    if describe := describer(path):
        yield from describe(b''.join(allowance.counted(pieces))) if size <= LIMIT else ()
    elif depth < DEPTH:
        try:
            with archive(pieces, allowance) as opened:
                yield from _archived(path, opened, allowance, depth)
        except BROKEN:
            return


def _archived(path: str, opened: Archive, allowance: Allowance, depth: int) -> Iterator[Package]:
    manifest, by_maven = b'', False
    for entry in opened.entries():
        inner = f'{path}/{entry.filename}'
        if entry.filename == MANIFEST and entry.file_size <= LIMIT:
            manifest = b''.join(allowance.counted(opened.pieces(entry)))
        elif describer(inner) or ARCHIVE.fullmatch(inner):
            by_maven |= bool(POM.fullmatch(entry.filename))
            yield from _inside(inner, entry.file_size, opened.pieces(entry), allowance, depth + 1)
    if not by_maven:
        yield from jar_package(path, manifest, opened.sha1)
