"""The packages in a slug, chunk by chunk: what they say of themselves (``gitreceive/slugs/software/``)."""

from collections import OrderedDict
from dataclasses import dataclass

from gitreceive.slugs.parts import Part
from gitreceive.slugs.ports import SlugReader
from gitreceive.slugs.software.finding import find_packages
from gitreceive.slugs.software.package import Allowance, Exhausted, Package

MOST = 50_000
"""Packages that are listed of a chunk."""

UNPACKED = 2 << 30
"""Bytes of a chunk's archives that are unpacked, those in archives among them: seconds of work."""

REMEMBERED = 32
"""Members whose packages are not looked for again: all slugs of an app share their lower ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a chunk holds: packages, whether these are all that there was to find, and the time of its newest file."""

    packages: tuple[Package, ...]
    complete: bool
    newest: int


class Inventory:
    """Finds packages, in each chunk once. For one thread."""

    def __init__(self, reader: SlugReader) -> None:
        self._reader = reader
        self._found: OrderedDict[str, Found] = OrderedDict()

    def of(self, part: Part) -> Found:
        """What is in a chunk. Raises SlugError or StorageError."""
        if part.sha256 not in self._found:
            self._found[part.sha256] = self._read(part)
        self._found.move_to_end(part.sha256)
        while len(self._found) > REMEMBERED:
            self._found.popitem(last=False)
        return self._found[part.sha256]

    def _read(self, part: Part) -> Found:
        packages: set[Package] = set()
        allowance, complete, newest = Allowance(UNPACKED), True, 0
        with part.open() as stream:
            for entry, pieces in self._reader.entries(stream):
                newest = max(newest, entry.mtime)
                if entry.kind != 'file' or not complete:
                    continue
                try:
                    for package in find_packages(entry.name, entry.size, pieces, allowance):
                        packages.add(package)
                        allowance.take(UNPACKED // MOST)
                except Exhausted:
                    complete = False
        return Found(packages=tuple(packages), complete=complete, newest=newest)
