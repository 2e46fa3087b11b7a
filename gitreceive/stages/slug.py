"""Cuts the slug: ``/app`` of an image, packed into one file, hashed as it is written."""

import contextlib
import hashlib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, cast

from gitreceive.errors import SlugError
from gitreceive.model import Image, Slug
from gitreceive.ports import Cancellation, SlugPacker
from gitreceive.settings import Limits

GIVE_UP = 4
"""A slug that is this many times too large is not even measured to its end."""

SHOWN = 10


def cut_slug(
    image: Image, packer: SlugPacker, target: Path, mtime: int, limits: Limits, cancellation: Cancellation
) -> Slug:
    """Packs the image's ``/app`` into the new file ``target``; ``mtime`` is the time of everything in it.

    Raises SlugError (too large, with the largest directories; nothing to pack; no room), EngineGone, BuildTimeout or
    BuildCancelled, and leaves no file then.
    """
    try:
        with target.open('xb') as file:
            measured = _Measured(file, limits.slug_bytes)
            left_out: Sequence[str] = ()
            with contextlib.suppress(_GaveUp):
                left_out = packer.pack(image, cast(IO[bytes], measured), mtime, cancellation)
            if measured.size > limits.slug_bytes:
                raise SlugError(_too_large(measured, limits.slug_bytes, packer.sizes(image, cancellation)))
            file.flush()
            os.fsync(file.fileno())
        return Slug(path=target, sha256=measured.sha256, size=measured.size, left_out=tuple(left_out))
    except BaseException as error:
        target.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise SlugError(f'cannot write the slug to {target}: {error.strerror}') from error
        raise


class _GaveUp(Exception):
    """The slug is so large that its exact size does not matter any more."""


class _Measured:
    """A file that knows its size and checksum and takes no more than ``limit`` bytes of disk."""

    def __init__(self, file: IO[bytes], limit: int) -> None:
        self.size = 0
        self.gave_up = False
        self._file = file
        self._limit = limit
        self._hash = hashlib.sha256()

    @property
    def sha256(self) -> str:
        return self._hash.hexdigest()

    def write(self, data: bytes) -> int:
        self.size += len(data)
        if self.size <= self._limit:
            self._hash.update(data)
            self._file.write(data)
        elif self.size > GIVE_UP * self._limit:
            self.gave_up = True
            raise _GaveUp
        return len(data)

    def flush(self) -> None:
        self._file.flush()


def _too_large(measured: _Measured, limit: int, sizes: Mapping[str, int]) -> str:
    size = f'more than {_megabytes(measured.size)}' if measured.gave_up else _megabytes(measured.size)
    lines = [f'Compiled slug size: {size} is too large (max is {_megabytes(limit)}).']
    lines.append('The largest directories, before compression:')
    lines += [f'{_megabytes(size):>9}  {folder}' for folder, size in largest_folders(sizes)]
    lines.append('Name what is not needed at run time in .slugignore, or keep large files elsewhere.')
    return '\n'.join(lines)


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


def _above(totals: Mapping[str, int], folder: str) -> int:
    return totals.get(folder.rpartition('/')[0], 0)


def _megabytes(size: int) -> str:
    return f'{size / 1e6:.1f}'.removesuffix('.0') + 'M'
