"""Gzip at the speed of a disk, with the same bytes for the same input.

"The same" was tried on x86-64 with SSE4.2 (Nehalem), AVX2 (Haswell) and AVX-512: one checksum. A processor without
SSE4.2 takes another path through the library and gives other, equally valid bytes.
"""

from collections.abc import Iterable, Iterator
from typing import IO

from isal import igzip_threaded

BLOCK = 1 << 20
"""The compressor's unit. Its output depends on where writes end, so it is only ever fed whole blocks."""

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
