"""Lets the file that was composed last become the next one: all that both begin with need not be copied.

Only what this process composed itself, and nobody wrote to since, is carried on, and only if nobody else has it open:
who reads the former file reads it to its end.
"""

import contextlib
import fcntl
import os
import signal
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from threading import Lock
from typing import IO

KEPT = 1000
"""Composed files that are remembered: one for each app is needed."""


@dataclass(frozen=True, slots=True)
class _State:
    """What does not stay the same when a file is written to or replaced."""

    device: int
    inode: int
    size: int
    changed: int

    @classmethod
    def of(cls, file: IO[bytes]) -> '_State':
        found = os.fstat(file.fileno())
        return cls(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)


class Carrying:
    """What this process composed; safe for threads."""

    def __init__(self) -> None:
        self._known: OrderedDict[Path, tuple[Sequence[Path], _State]] = OrderedDict()
        self._lock = Lock()

    def remember(self, path: Path, parts: Sequence[Path], file: IO[bytes]) -> None:
        """``file``, which is called ``path`` now, consists of ``parts``."""
        with self._lock:
            self._known[path] = (tuple(parts), _State.of(file))
            self._known.move_to_end(path)
            while len(self._known) > KEPT:
                self._known.popitem(last=False)

    def take(self, path: Path, parts: Sequence[Path], target: Path) -> tuple[IO[bytes], int] | None:
        """Renames ``path`` to ``target`` and cuts it after the parts that it has in common with ``parts``.

        Returns the file, locked and to be added to, and how many parts it has. If it is None, ``path`` is still there.
        Raises OSError.
        """
        with self._lock:
            own, state = self._known.pop(path, ((), None))
        common = [
            old for old, new in takewhile(lambda pair: pair[0] == pair[1], zip(own, parts, strict=False))
        ]
        if not common:
            return None
        try:
            size = sum(part.stat().st_size for part in common)
            file = path.open('r+b')
        except FileNotFoundError:
            return None
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            path.rename(target)
            if _State.of(file) == state and _only_here(file):
                file.seek(file.truncate(size))
                return file, len(common)
            target.rename(path)
        except BaseException:
            file.close()
            raise
        file.close()
        return None


def _only_here(file: IO[bytes]) -> bool:
    """Whether the file has no second name and nobody else has it open: fcntl(2) gives a write lease only then."""
    if os.fstat(file.fileno()).st_nlink > 1:
        return False
    with contextlib.suppress(OSError):
        fcntl.fcntl(file, fcntl.F_SETSIG, signal.SIGURG)  # who opens it now must not end this process
        fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_WRLCK)
        fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_UNLCK)
        return True
    return False
