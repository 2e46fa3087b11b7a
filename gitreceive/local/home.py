"""What these commands keep on the machine: a name of their own, and locks that say which of them are alive."""

import contextlib
import fcntl
import os
import re
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from gitreceive.config.settings import Settings
from gitreceive.model.errors import StateError

WAIT_SECONDS = 0.1
NAME = re.compile('local-[0-9a-f]{32}')


@dataclass(frozen=True, slots=True)
class LocalHome:
    """Files below ``root``, of one user on one machine. A lock ends with its process, however that ends."""

    root: Path

    def name(self) -> str:
        """What images and containers of this user and machine are known by: the engine may be shared with others."""
        file = self.root / 'name'
        with self.locked('name.lock'), _told(file):
            known = file.read_text() if file.exists() else ''
            if not NAME.fullmatch(known):  # also what a full disk has left of it
                known = f'local-{uuid.uuid4().hex}'
                file.write_text(known)
            return known

    @contextmanager
    def locked(self, name: str, check: Callable[[], None] = lambda: None) -> Iterator[None]:
        """While it lasts, nobody else is inside with that name; waits until then, as long as ``check`` does not raise."""
        with _opened(self.root / name) as descriptor:
            while not _taken(descriptor):
                check()
                time.sleep(WAIT_SECONDS)
            yield

    @contextmanager
    def owner(self) -> Iterator[str]:
        """A name for this run, which is alive as long as the context lasts."""
        name = f'run-{uuid.uuid4().hex}'
        with _opened(self.root / name) as descriptor:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            try:
                yield name
            finally:
                (self.root / name).unlink(missing_ok=True)

    def alive(self, owner: str) -> bool:
        """Whether the run of that name still goes on; what it left behind is removed if it does not."""
        file = self.root / os.path.basename(owner)
        if not file.is_file():
            return False
        with _opened(file) as descriptor:
            if not _taken(descriptor):
                return True
            file.unlink(missing_ok=True)
            return False


def _taken(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def _opened(file: Path) -> Iterator[int]:
    with _told(file):
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        yield descriptor
    finally:
        with contextlib.suppress(OSError):
            os.close(descriptor)


@contextmanager
def _told(file: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StateError(
            f'cannot write {file}: {error.strerror}; name another place with --home DIR or GITRECEIVE_HOME'
        ) from error


def local_home(settings: Settings) -> LocalHome:
    """Where these commands keep their files."""
    return LocalHome(settings.home / 'local')
