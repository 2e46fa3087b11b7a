"""Bytes that come from elsewhere, as a file."""

import io
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import IO

PIECE = 1 << 20


def incoming(read: Callable[[int], bytes], errors: Callable[[], AbstractContextManager[None]]) -> IO[bytes]:
    """A buffered file of what ``read`` gives. ``errors`` are translated around the reading, and around nothing else."""
    return io.BufferedReader(_Incoming(read, errors), PIECE)


class _Incoming(io.RawIOBase):
    def __init__(
        self, read: Callable[[int], bytes], errors: Callable[[], AbstractContextManager[None]]
    ) -> None:
        self._read = read
        self._errors = errors

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        with self._errors():
            piece = self._read(len(buffer))
        buffer[: len(piece)] = piece
        return len(piece)
