"""The hooks of one push: a directory of its own, into which pre-receive can put one more hook.

git starts the ``update`` hook for each ref, and asks whether there is one when it comes to it. So it costs a push
nothing unless pre-receive has listed refs that are refused: then only those are, and with ``--atomic`` all.

The directory lies in the repository and is locked (flock(2)) as long as the session lasts, so that what a session leaves
that was killed can be told from what another one uses: a git whose hooks vanish takes everything. One that no push has
changed stays for the next session, for making and removing it takes milliseconds on a busy disk.
"""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

from gitreceive.config.resources import directory
from gitreceive.model.errors import StateError
from gitreceive.repositories.bare import give

LIST = 'refused'
"""Lines ``REF<TAB>REASON`` that pre-receive writes (``hooks/pre-receive``)."""

PREFIX = 'session-hooks-'
"""How the names of those directories begin."""

MAX_SPARE = 4

MOST = 16 << 20
"""Bytes of that list that are read."""


@contextmanager
def session_hooks(repo: Path) -> Iterator[Path]:
    """A directory with the receiver's hooks, for as long as git runs on ``repo``. Raises StateError."""
    path, lock = _spare(repo) or _new(repo)
    try:
        yield path
    finally:
        if _changed(path) or len(list(repo.glob(f'{PREFIX}*'))) > MAX_SPARE:
            shutil.rmtree(path, ignore_errors=True)
        os.close(lock)


def read_refused(hooks: Path) -> Mapping[bytes, str]:
    """The refs that pre-receive has refused, with its reasons."""
    found = {}
    with suppress(OSError), open(hooks / LIST, 'rb') as lines:
        for line in lines.read(MOST).split(b'\n')[:-1]:
            ref, _, why = line.partition(b'\t')
            found[ref] = why.decode(errors='replace')
    return found


def _spare(repo: Path) -> tuple[Path, int] | None:
    """A directory that another session has left as it was, and its lock."""
    for path in repo.glob(f'{PREFIX}*'):
        with suppress(OSError):
            lock = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if not _changed(path):
                    return path, lock
            except BlockingIOError:
                pass
            os.close(lock)
    return None


def _new(repo: Path) -> tuple[Path, int]:
    """A new directory and its lock; another one if somebody has removed it before it was locked."""
    while True:
        try:
            path = Path(tempfile.mkdtemp(prefix=PREFIX, dir=repo))
        except OSError as error:
            raise StateError(f'cannot make a directory for the hooks of a push: {error.strerror}') from error
        with suppress(FileNotFoundError):
            lock = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            fcntl.flock(lock, fcntl.LOCK_EX)
            if path.exists():
                _fill(path)
                give(path, repo)
                return path, lock
            os.close(lock)


def _changed(path: Path) -> bool:
    """Whether it is not, or not only, what the next session needs."""
    try:
        return {name: os.readlink(path / name) for name in os.listdir(path)} != _programs()
    except OSError:
        return True


@cache
def _programs() -> Mapping[str, str]:
    """The receiver's hooks and what they import: names and paths."""
    found = directory('hooks').iterdir()
    return {each.name: str(each) for each in found if not each.name.startswith(('.', '_'))}


def _fill(path: Path) -> None:
    for name, program in _programs().items():
        (path / name).symlink_to(program)
