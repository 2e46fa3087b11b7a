"""Keeps apart who stores an app's slugs and who removes them, also in different processes (flock(2)).

Between the first object of a slug and the row of its release nothing says that the slug is needed.
"""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from gitreceive.config.home import Home
from gitreceive.model.app import AppName
from gitreceive.model.cancellation import pause
from gitreceive.model.errors import StateError
from gitreceive.model.progress import Cancellation

TRY_AGAIN = 0.1
"""Seconds between two tries of who can be stopped: flock(2) itself waits without end."""


@contextmanager
def keeping(app: AppName, home: Home, cancellation: Cancellation | None = None) -> Iterator[None]:
    """As long as this lasts nothing of the app is removed; any number may hold it.

    Raises StateError, or what the build was stopped with while it waited.
    """
    with _locked(app, home, lambda file: _take_shared(file, cancellation)):
        yield


@contextmanager
def removing(app: AppName, home: Home) -> Iterator[None]:
    """Waits until nobody else holds the lock, and lets nobody in. Raises StateError."""
    with _locked(app, home, lambda file: fcntl.flock(file, fcntl.LOCK_EX)):
        yield


@contextmanager
def _locked(app: AppName, home: Home, take: Callable[[int], None]) -> Iterator[None]:
    path = home.slug_lock(app)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StateError(f'cannot lock the slugs of {app} with {path}: {error.strerror}') from error
    try:
        take(descriptor)
        yield
    finally:
        fcntl.flock(
            descriptor, fcntl.LOCK_UN
        )  # also for a child that was forked meanwhile and has the file open too
        os.close(descriptor)


def _take_shared(file: int, cancellation: Cancellation | None) -> None:
    if cancellation is None:
        fcntl.flock(file, fcntl.LOCK_SH)
        return
    while not _taken(file):
        pause(cancellation, TRY_AGAIN)


def _taken(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
