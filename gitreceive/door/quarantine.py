"""Finds and removes the objects of pushes that nobody finished.

git keeps what is pushed in ``objects/tmp_objdir-incoming-*`` until it accepts it, and since 2.39 leaves that there
when a signal ends it. Whoever ends a git has to tidy up behind it.
"""

import os
import shutil
import time
from collections.abc import Iterable
from pathlib import Path

PATTERN = 'tmp_objdir-incoming-*'
_VARIABLE = b'GIT_QUARANTINE_PATH='

STALE_SECONDS = 60.0


def members(group: int) -> list[int]:
    """The living processes of a process group (proc(5))."""
    return [pid for pid in map(int, filter(str.isdecimal, os.listdir('/proc'))) if _group_of(pid) == group]


def quarantines(pids: Iterable[int], repository: Path) -> set[Path]:
    """The quarantine directories that git has told these children of its about."""
    inside = set(repository.joinpath('objects').glob(PATTERN))
    return {path for pid in pids for path in _told(pid)} & {path.resolve() for path in inside}


def remove(paths: Iterable[Path]) -> None:
    """Removes them; silent if they are gone."""
    for path in paths:
        shutil.rmtree(path, ignore_errors=True)


def sweep(repositories: Path) -> int:
    """Removes what an earlier door, that was killed, left behind. Returns how many."""
    limit = time.time() - STALE_SECONDS
    stale = [path for path in repositories.glob(f'*/objects/{PATTERN}') if path.lstat().st_mtime < limit]
    remove(stale)
    return len(stale)


def _group_of(pid: int) -> int:
    try:
        return os.getpgid(pid)
    except OSError:
        return 0


def _told(pid: int) -> list[Path]:
    try:
        environment = Path(f'/proc/{pid}/environ').read_bytes().split(b'\0')
    except OSError:
        return []
    return [
        Path(os.fsdecode(line.removeprefix(_VARIABLE))) for line in environment if line.startswith(_VARIABLE)
    ]
