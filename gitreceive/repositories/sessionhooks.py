"""The hooks of one push: a directory of its own, into which pre-receive can put one more hook.

git starts the ``update`` hook for each ref, and asks whether there is one when it comes to it. So it costs a push
nothing unless pre-receive has listed refs that are refused: then only those are, and with ``--atomic`` all.

The directory lies in the repository and is locked (flock(2)) as long as the session lasts, so that what a session leaves
that was killed can be told from what another one uses: a git whose hooks vanish takes everything.
"""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from gitreceive.config.resources import directory
from gitreceive.model.errors import StateError
from gitreceive.repositories.command import owner

LIST = 'refused'
"""Lines ``REF<TAB>REASON`` that pre-receive writes (``hooks/pre-receive``)."""

PREFIX = 'session-hooks-'
"""How the names of those directories begin."""

MOST = 16 << 20
"""Bytes of that list that are read."""


@contextmanager
def session_hooks(repo: Path) -> Iterator[Path]:
    """A directory with the receiver's hooks, for as long as git runs on ``repo``. Raises StateError."""
    path, lock = _locked(repo)
    try:
        yield _filled(path, repo)
    finally:
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


def _locked(repo: Path) -> tuple[Path, int]:
    """A new directory and its lock; another one if somebody has removed it before it was locked."""
    while True:
        try:
            path = Path(tempfile.mkdtemp(prefix=PREFIX, dir=repo))
        except OSError as error:
            raise StateError(f'cannot make a directory for the hooks of a push: {error.strerror}') from error
        with suppress(FileNotFoundError):
            lock = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            fcntl.flock(lock, fcntl.LOCK_SH)
            if path.exists():
                return path, lock
            os.close(lock)


def _filled(path: Path, repo: Path) -> Path:
    for program in directory('hooks').iterdir():
        if not program.name.startswith(('.', '_')):
            (path / program.name).symlink_to(program)
    who = owner(repo)
    if who:
        os.chown(path, who['user'], who['group'])
    return path
