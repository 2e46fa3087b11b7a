"""Keeps apart who stores an app's slugs and who removes them, also in different processes (flock(2)).

Between the first object of a slug and the row of its release nothing says that the slug is needed.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager

from gitreceive.errors import StateError
from gitreceive.home import Home
from gitreceive.model import AppName


@contextmanager
def keeping(app: AppName, home: Home) -> Iterator[None]:
    """As long as this lasts nothing of the app is removed; any number may hold it. Raises StateError."""
    with _locked(app, home, fcntl.LOCK_SH):
        yield


@contextmanager
def removing(app: AppName, home: Home) -> Iterator[None]:
    """Waits until nobody else holds the lock, and lets nobody in. Raises StateError."""
    with _locked(app, home, fcntl.LOCK_EX):
        yield


@contextmanager
def _locked(app: AppName, home: Home, how: int) -> Iterator[None]:
    path = home.slug_lock(app)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StateError(f'cannot lock the slugs of {app} with {path}: {error.strerror}') from error
    try:
        fcntl.flock(descriptor, how)
        yield
    finally:
        fcntl.flock(
            descriptor, fcntl.LOCK_UN
        )  # also for a child that was forked meanwhile and has the file open too
        os.close(descriptor)
