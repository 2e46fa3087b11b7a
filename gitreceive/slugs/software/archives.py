"""Archives in a slug, opened so that a hostile one costs no more than its share of work and memory."""

import hashlib
import re
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import IO

from gitreceive.slugs.software.package import Allowance

ARCHIVE = re.compile(r'.*\.(?:jar|war|ear)|.*/\.yarn/cache/[^/]+\.zip')
IN_MEMORY = 4 << 20
"""Bytes of an archive that are held in memory; a larger one lies in a temporary file meanwhile."""

INDEX = 4 << 20
"""Bytes of an archive's index: one of 40,000 entries has as many."""

ENTRY = 1024
"""What an entry of the index costs, in bytes that could have been unpacked in the same time."""

PIECE = 1 << 16
FARTHEST = 1 << 40
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    NotImplementedError,
    RuntimeError,
    EOFError,
    ValueError,
)
"""What ``zipfile`` raises for what is damaged, encrypted or made to do harm."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Archive:
    """An open archive and the checksum of its file, in hexadecimal."""

    file: zipfile.ZipFile
    sha1: str

    def entries(self) -> Iterator[zipfile.ZipInfo]:
        """The files in it that any program can unpack."""
        return (each for each in self.file.infolist() if each.compress_type in METHODS and not each.is_dir())

    def pieces(self, entry: zipfile.ZipInfo) -> Iterator[bytes]:
        """The bytes of a file in it."""
        with self.file.open(entry) as stream:
            yield from iter(partial(stream.read, PIECE), b'')


@contextmanager
def archive(pieces: Iterable[bytes], allowance: Allowance) -> Iterator[Archive]:
    """An archive as it comes in pieces. Raises one of BROKEN, also while it is read, or Exhausted."""
    with tempfile.SpooledTemporaryFile(max_size=IN_MEMORY) as file:
        digest = hashlib.sha1(usedforsecurity=False)
        for piece in allowance.counted(pieces):
            digest.update(piece)
            file.write(piece)
        with zipfile.ZipFile(_Bounded(file)) as opened:
            allowance.take(ENTRY * len(opened.filelist))
            yield Archive(file=opened, sha1=digest.hexdigest())


class _Bounded:
    """A file in which nobody goes where it is not, or reads more at once than an index may have.

    ``zipfile`` does what an archive says.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.tell = file.tell

    def read(self, size: int = -1) -> bytes:
        if size > INDEX:
            raise zipfile.BadZipFile(f'an index of {size:,} bytes')
        return self._file.read(INDEX if size < 0 else size)

    def seek(self, offset: int, whence: int = 0) -> int:
        if abs(offset) > FARTHEST or (whence == 0 and offset < 0):
            raise zipfile.BadZipFile(f'an offset of {offset}')
        return self._file.seek(offset, whence)

    def seekable(self) -> bool:
        return True
