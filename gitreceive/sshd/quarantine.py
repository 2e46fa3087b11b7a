"""Finds and removes what is left of pushes that nobody finished: their objects, their locks, the hooks of their sessions.

git keeps what is pushed in ``objects/tmp_objdir-incoming-*`` until it accepts it, and since 2.39 leaves that there
when a signal ends it. A git that is killed as it moves a ref leaves ``REF.lock``, and no git moves that ref from then on.
Whoever ends a git has to tidy up behind it.
"""

import fcntl
import os
import shutil
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from gitreceive.repositories.sessionhooks import PREFIX

PATTERN = 'objects/tmp_objdir-incoming-*'

LOCKS = ('*.lock', 'refs/**/*.lock')
"""Those of refs: a ref's, HEAD's, and the one of all packed refs (gitrepository-layout(5))."""

PAUSE_SECONDS = 0.5
"""Between two looks at quarantines that a living git still fills."""


def tidy(repository: Path) -> bool:
    """Removes the repository's quarantines, unless a git is at work in it; True if none is left."""
    return not _remaining(repository.glob(PATTERN))


def sweep(repositories: Path) -> None:
    """Removes what the gits of an earlier SSH server leave behind. Returns when the last of those gits has gone."""
    for repository in repositories.glob('*.git'):
        unlock(repository)
    left = _remaining([*repositories.glob(f'*/{PATTERN}'), *repositories.glob(f'*/{PREFIX}*')])
    while left:
        time.sleep(PAUSE_SECONDS)
        left = _remaining(left)


def unlock(repository: Path) -> None:
    """Removes the locks of refs that a killed git has left; none while a git is at work in the repository."""
    found = {path: _identity(path) for pattern in LOCKS for path in repository.glob(pattern)}
    if found and repository.resolve() not in _working_directories():
        for path, lock in found.items():
            if lock and _identity(path) == lock:
                path.unlink(missing_ok=True)


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
    return [path for path in paths if _repository(path).resolve() in busy or not _removed(path)]


def _identity(path: Path) -> tuple[int, int] | None:
    """What tells a lock from a later one of that name."""
    with suppress(OSError):
        found = path.stat()
        return found.st_ino, found.st_ctime_ns
    return None


def _repository(path: Path) -> Path:
    return next(above for above in path.parents if above.suffix == '.git')


def _removed(path: Path) -> bool:
    """Whether it is gone now; not if a session that starts has locked it."""
    with suppress(OSError):
        lock = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(path, ignore_errors=True)
        except BlockingIOError:
            return False
        finally:
            os.close(lock)
    return True


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
