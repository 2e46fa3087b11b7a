"""Measures a slug while it is written: its size, its checksums, and whether it is too large.

Shared by the stages that write one.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import IO

from gitreceive.model.errors import SlugError
from gitreceive.model.slug import NO_FILES
from gitreceive.model.text import shortened
from gitreceive.slugs.ports import UnpackedTooLarge

GIVE_UP = 4
"""A slug that is this many times too large is not even measured to its end."""

SHOWN = 10
LONGEST = 120
"""Characters of a path that are shown."""


HARDLY_ANYTHING = 4096
"""Bytes of a packed slug that may be one without files. Directories alone are smaller."""


class GaveUp(Exception):
    """The slug is so large that its exact size no longer matters."""


class Measured:
    """A file that knows its size and checksum and takes no more than ``limit`` bytes of disk.

    ``size`` is that of the slug: it begins at ``before``, the bytes in front of this file. ``whole`` is the checksum of
    the slug so far, and goes on with this file.
    """

    def __init__(
        self, file: IO[bytes], limit: int, before: int = 0, whole: 'hashlib._Hash | None' = None
    ) -> None:
        self.size = before
        self._file = file
        self._limit = limit
        self._hash = hashlib.sha256()
        self._whole = whole

    @property
    def sha256(self) -> str:
        """Of the file."""
        return self._hash.hexdigest()

    def write(self, data: bytes) -> int:
        """Raises GaveUp when there is far too much."""
        self.size += len(data)
        if self.size <= self._limit:
            self._hash.update(data)
            if self._whole:
                self._whole.update(data)
            self._file.write(data)
        elif self.size > GIVE_UP * self._limit:
            raise GaveUp
        return len(data)

    def flush(self) -> None:
        """Of the file."""
        self._file.flush()


def refuse_without_files(found: int, sizes: Callable[[], Mapping[str, int]]) -> None:
    """Raises SlugError if there is nothing in a slug of ``found`` bytes; ``sizes`` tells how much is in its directories."""
    if found < HARDLY_ANYTHING and not any(sizes().values()):
        raise SlugError(NO_FILES)


def too_large(found: int, limit: int, sizes: Mapping[str, int]) -> str:
    """What to tell of a slug of ``found`` bytes, which are too many, with its largest directories. Pure."""
    size = f'more than {_megabytes(found)}' if found > GIVE_UP * limit else _megabytes(found)
    lines = [f'Compiled slug size: {size} is too large (max is {_megabytes(limit)}).']
    lines += _largest(sizes)
    lines.append('Name what is not needed at run time in .slugignore, or keep large files elsewhere.')
    return '\n'.join(lines)


@contextmanager
def unpacked_reported(sizes: Callable[[], Mapping[str, int]]) -> Iterator[None]:
    """Says which directories are the largest, where a part holds more than may be packed."""
    try:
        yield
    except UnpackedTooLarge as error:
        lines = [
            f'Packing the slug: /app holds more than {_megabytes(error.limit)} before compression, which is the most.'
        ]
        lines += _largest(sizes())
        lines.append(
            'Remove what the build leaves there, or ask the sysadmin for more (limits.unpacked_bytes).'
        )
        raise SlugError('\n'.join(lines)) from error


def largest_folders(sizes: Mapping[str, int], count: int = SHOWN) -> list[tuple[str, int]]:
    """The directories that hold most, all below them counted; of a chain of only children the lowest. Pure."""
    totals: dict[str, int] = {}
    for folder, size in sizes.items():
        while folder not in ('', '/'):
            totals[folder] = totals.get(folder, 0) + size
            folder = folder.rpartition('/')[0]
    only_wrap = {
        folder.rpartition('/')[0] for folder, size in totals.items() if size * 10 > 9 * _above(totals, folder)
    }
    found = [(folder, size) for folder, size in totals.items() if folder not in only_wrap]
    return sorted(found, key=lambda pair: (-pair[1], pair[0]))[:count]


def _largest(sizes: Mapping[str, int]) -> list[str]:
    found = largest_folders(sizes)
    shown = [f'{_megabytes(size):>9}  {shortened(folder, LONGEST)}' for folder, size in found]
    return ['The largest directories, before compression:', *shown]


def _above(totals: Mapping[str, int], folder: str) -> int:
    return totals.get(folder.rpartition('/')[0], 0)


def _megabytes(size: int) -> str:
    return f'{size / 1e6:.1f}'.removesuffix('.0') + 'M'
