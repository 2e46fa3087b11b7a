"""Finds and removes the objects of pushes that nobody finished.

git keeps what is pushed in ``objects/tmp_objdir-incoming-*`` until it accepts it, and since 2.39 leaves that there
when a signal ends it. Whoever ends a git has to tidy up behind it.
"""

import os
import shutil
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

PATTERN = 'objects/tmp_objdir-incoming-*'

PAUSE_SECONDS = 0.5
"""Between two looks at quarantines that a living git still fills."""


def tidy(repository: Path) -> bool:
    """Removes the repository's quarantines, unless a git is at work in it; True if none is left."""
    return not _remaining(repository.glob(PATTERN))


def sweep(repositories: Path) -> None:
    """Removes what the gits of an earlier SSH server leave behind. Returns when the last of those gits has gone."""
    left = _remaining(repositories.glob(f'*/{PATTERN}'))
    while left:
        time.sleep(PAUSE_SECONDS)
        left = _remaining(left)


def members(group: int) -> list[int]:
    """The living processes of a process group (proc(5))."""
    return [pid for pid in _processes() if _group_of(pid) == group]


def _remaining(found: Iterable[Path]) -> list[Path]:
    """Removes those of ``found`` that no process works on, and returns the others.

    A git that serves a push, its helpers and its hooks have the repository as their working directory. The processes
    are looked at after the directories were found: whoever makes one is there before it.
    """
    paths = list(found)
    busy = _working_directories() if paths else set()
    kept = [path for path in paths if path.parents[1].resolve() in busy]
    for path in set(paths) - set(kept):
        shutil.rmtree(path, ignore_errors=True)
    return kept


def _working_directories() -> set[Path]:
    found = set()
    for pid in _processes():
        with suppress(OSError):
            found.add(Path(os.readlink(f'/proc/{pid}/cwd')))
    return found


def _processes() -> Iterable[int]:
    return map(int, filter(str.isdecimal, os.listdir('/proc')))


def _group_of(pid: int) -> int:
    try:
        return os.getpgid(pid)
    except OSError:
        return 0
