"""How the C library shares memory out among threads."""

import ctypes
from contextlib import suppress

M_ARENA_MAX = -8
ARENAS = 2
"""Of its own accord glibc gives a process eight for each processor, and what is free in one is of no use to the others:
a daemon with many short threads took a third more (mallopt(3))."""


def share_heaps() -> None:
    """Lets all threads have few heaps in common. Other C libraries have no such word, and no need of it."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(M_ARENA_MAX, ARENAS)
