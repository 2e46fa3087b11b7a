"""What is in a slug, and where its bytes are. Pure, but for the reading."""

import heapq
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gitreceive.slugs.parts import Part
from gitreceive.slugs.ports import SlugReader

LARGEST = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class PartSizes:
    """One chunk: ``packed`` bytes in the slug, ``unpacked`` bytes in ``files`` files."""

    sha256: str
    packed: int
    unpacked: int
    files: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Xray:
    """Sizes in bytes. ``folders`` has what lies directly in each directory, ``largest`` the largest files."""

    parts: tuple[PartSizes, ...]
    folders: Mapping[str, int]
    largest: tuple[tuple[str, int], ...]

    @property
    def packed(self) -> int:
        """The slug's own size."""
        return sum(part.packed for part in self.parts)

    @property
    def unpacked(self) -> int:
        """All files together."""
        return sum(part.unpacked for part in self.parts)

    @property
    def files(self) -> int:
        """How many files there are."""
        return sum(part.files for part in self.parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """How much more a slug holds than another one; ``folders`` as in ``Xray``."""

    packed: int
    unpacked: int
    files: int
    folders: Mapping[str, int]


def xray(parts: Sequence[Part], reader: SlugReader) -> Xray:
    """Reads a slug through. Raises SlugError or StorageError."""
    folders: dict[str, int] = {}
    largest: list[tuple[int, str]] = []
    measured = []
    for part in parts:
        unpacked = files = 0
        with part.open() as stream:
            for entry, _ in reader.entries(stream):
                if entry.kind != 'file':
                    continue
                path = '/' + entry.name
                folder = path.rpartition('/')[0]
                folders[folder] = folders.get(folder, 0) + entry.size
                unpacked, files = unpacked + entry.size, files + 1
                _remember(largest, entry.size, path)
        measured.append(PartSizes(sha256=part.sha256, packed=part.size, unpacked=unpacked, files=files))
    ordered = sorted(largest, key=lambda pair: (-pair[0], pair[1]))
    return Xray(parts=tuple(measured), folders=folders, largest=tuple((path, size) for size, path in ordered))


def growth_since(before: Xray, now: Xray) -> Growth:
    """What has become more, and where; a directory that became smaller is left out."""
    return Growth(
        packed=now.packed - before.packed,
        unpacked=now.unpacked - before.unpacked,
        files=now.files - before.files,
        folders=grown(before.folders, now.folders),
    )


def grown(before: Mapping[str, int], now: Mapping[str, int]) -> dict[str, int]:
    """By how much the directories grew that did."""
    more = {folder: size - before.get(folder, 0) for folder, size in now.items()}
    return {folder: size for folder, size in more.items() if size > 0}


def _remember(largest: list[tuple[int, str]], size: int, path: str) -> None:
    if len(largest) < LARGEST:
        heapq.heappush(largest, (size, path))
    elif largest[0][0] < size:
        heapq.heapreplace(largest, (size, path))
