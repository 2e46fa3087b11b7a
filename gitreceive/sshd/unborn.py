"""Repositories of apps that nobody has pushed to yet: made for a session, gone with it unless its push is accepted.

Such a repository holds a file ``unborn``. Whoever serves a session on it holds a shared lock on that file (flock(2),
which ends with its process); the last one out removes the repository if it still has no ref. The pre-receive hook
removes the file when it accepts a push.
"""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from gitreceive.model.errors import StateError
from gitreceive.repositories import UNBORN, ensure_repository

STAYS = -1


@contextmanager
def repository_for(path: Path, creator: str, *, create: bool) -> Iterator[bool]:
    """While a session is served: whether there is a repository at ``path``; made for the key ``creator`` if it may be. Raises StateError."""
    mark = None
    while mark is None:
        if create:
            ensure_repository(path, UNBORN, creator)
        elif not (path / 'HEAD').exists():
            break
        mark = _enter(path)
    try:
        yield mark is not None
    finally:
        if mark is not None:
            _leave(path, mark)


def sweep_unborn(repositories: Path) -> None:
    """Removes those whose sessions have ended without it, with the process that served them."""
    for mark in repositories.glob(f'*.git/{UNBORN}'):
        with suppress(OSError):
            _leave(mark.parent, os.open(mark, os.O_RDONLY | os.O_CLOEXEC))


def _enter(path: Path) -> int | None:
    """The lock's descriptor, STAYS for a repository that is born, None if this one has gone meanwhile."""
    try:
        mark = os.open(path / UNBORN, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return STAYS if (path / 'HEAD').exists() else None
    except OSError as error:
        raise StateError(f'cannot use the repository {path}: {error.strerror}') from error
    fcntl.flock(mark, fcntl.LOCK_SH)
    if _is_at(path / UNBORN, mark):
        return mark
    os.close(mark)
    return None


def _leave(path: Path, mark: int) -> None:
    """Closes the lock; the last one out decides."""
    if mark == STAYS:
        return
    try:
        fcntl.flock(mark, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if not _is_at(path / UNBORN, mark):
            return
        if _has_refs(path):
            (path / UNBORN).unlink()
        else:
            _remove(path)
    except OSError:
        pass  # another session is on it, or it cannot be removed: the next one out tries again
    finally:
        os.close(mark)


def _is_at(path: Path, descriptor: int) -> bool:
    """Whether the file is still the one of that name."""
    try:
        found, ours = path.stat(), os.fstat(descriptor)
    except OSError:
        return False
    return (found.st_dev, found.st_ino) == (ours.st_dev, ours.st_ino)


def _has_refs(path: Path) -> bool:
    return (path / 'packed-refs').exists() or any(each.is_file() for each in (path / 'refs').rglob('*'))


def _remove(path: Path) -> None:
    """It is out of the way at once, and then removed."""
    away = tempfile.mkdtemp(prefix='.new-', dir=path.parent)
    os.rename(path, Path(away) / path.name)
    shutil.rmtree(away, ignore_errors=True)
