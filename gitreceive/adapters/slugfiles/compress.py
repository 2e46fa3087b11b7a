"""Gzip at the speed of a disk, with the same bytes for the same input.

"The same" was tried on x86-64 with SSE4.2 (Nehalem), AVX2 (Haswell) and AVX-512: one checksum. A processor without
SSE4.2 takes another path through the library and gives other, equally valid bytes.
"""

import hashlib
import struct
from collections.abc import Iterable, Iterator
from typing import IO, cast

from isal import igzip_threaded

from gitreceive.adapters.slugfiles.members import end_of_archive
from gitreceive.slugs.ports import UnpackedTooLarge

BLOCK = 1 << 20
"""The compressor's unit. Its output depends on where writes end, so it is only ever fed whole blocks."""

ALIGNED = 4096
"""Parts of a slug end at a multiple of this, the block size of file systems that can share blocks between files."""

LEAST_FILLER = 26

HASHED = 16 << 20
"""Bytes of a part whose checksum is computed while they are packed: of more it would take a fifth of the time."""

LEVEL = 1
THREADS = 2


def compress(pieces: Iterable[bytes], target: IO[bytes]) -> None:
    """Writes ``pieces`` to ``target`` as one gzip member without name and time. Raises what either side raises."""
    sink: IO[bytes] = igzip_threaded.open(  # type: ignore[no-untyped-call]
        target, 'wb', compresslevel=LEVEL, threads=THREADS, block_size=BLOCK
    )
    with sink:
        for block in whole_blocks(pieces):
            sink.write(block)


def compress_part(pieces: Iterable[bytes], target: IO[bytes], last: bool, most: int = 0) -> str:
    """Writes a part of a tar stream; nothing for nothing. The last part ends the archive, others end at a boundary.

    ``pieces`` are whole tar blocks; more than ``most`` bytes of them raise UnpackedTooLarge (0: any number is fine).
    Returns the checksum of what was packed, if that was little. Raises what either side raises.
    """
    counted, read = _Counted(target), _Read(most)
    filled = (piece for piece in read.through(_ended(pieces, last)) if piece)
    first = next(filled, None)
    if first is None:
        return ''
    compress(_chained(first, filled), cast(IO[bytes], counted))
    if not last:
        target.write(filler(-counted.count % ALIGNED))
    return read.sha256


def filler(size: int) -> bytes:
    """``size`` bytes, or a boundary more, that unpack to nothing: an empty gzip member with an extra field. Pure.

    RFC 1952, 2.3.1.1: the field's identification (``GR``), its length, zeros.
    """
    if size == 0:
        return b''
    size += ALIGNED if size < LEAST_FILLER else 0
    length = size - 22
    head = struct.pack('<4BIBBH', 0x1F, 0x8B, 8, 4, 0, 0, 255, length)
    extra = b'GR' + struct.pack('<H', length - 4) + bytes(length - 4)
    return head + extra + b'\x03\0' + bytes(8)


class _Read:
    """What is packed: its size, and its checksum as long as it is little."""

    def __init__(self, most: int) -> None:
        self._most, self._size = most, 0
        self._digest = hashlib.sha256()

    @property
    def sha256(self) -> str:
        """Of all of it; empty if it was much."""
        return self._digest.hexdigest() if self._size <= HASHED else ''

    def through(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        """The same pieces. Raises UnpackedTooLarge."""
        for piece in pieces:
            self._size += len(piece)
            if 0 < self._most < self._size:
                raise UnpackedTooLarge(self._most)
            if self._size <= HASHED:
                self._digest.update(piece)
            yield piece


class _Counted:
    """Knows how much was written."""

    def __init__(self, target: IO[bytes]) -> None:
        self._target = target
        self.count = 0

    def write(self, data: bytes) -> int:
        self.count += len(data)
        return self._target.write(data)

    def flush(self) -> None:
        self._target.flush()


def _ended(pieces: Iterable[bytes], last: bool) -> Iterator[bytes]:
    length = 0
    for piece in pieces:
        length += len(piece)
        yield piece
    if last:
        yield end_of_archive(length)


def _chained(first: bytes, rest: Iterable[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest


def whole_blocks(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in pieces of exactly ``BLOCK``; the last may be shorter."""
    waiting = bytearray()
    for piece in pieces:
        if not waiting and len(piece) == BLOCK:
            yield piece
            continue
        waiting += piece
        while len(waiting) >= BLOCK:
            yield bytes(waiting[:BLOCK])
            del waiting[:BLOCK]
    if waiting:
        yield bytes(waiting)
