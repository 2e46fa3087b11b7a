"""Pieces of bytes, as they are made, behind the interface of a file."""

import io
from collections.abc import Iterator
from typing import IO, Any, cast

CHUNK = 1 << 18


class _Pieces(io.RawIOBase):
    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._rest = memoryview(b'')

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._rest:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._rest = memoryview(piece)
        size = min(len(buffer), len(self._rest))
        buffer[:size] = self._rest[:size]
        self._rest = self._rest[size:]
        return size


def readable(pieces: Iterator[bytes]) -> IO[bytes]:
    """A binary stream of ``pieces``, each asked for when it is needed; reading raises what making them raises."""
    return cast(IO[bytes], io.BufferedReader(_Pieces(pieces), CHUNK))
