"""The lock on a home: one daemon at a time, and whoever comes second is told who was first."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from gitreceive.config.home import Home
from gitreceive.model.errors import HomeInUse, StateError

GRACE_SECONDS = 3.0
"""How long a daemon that is about to end may keep the lock: its successor may have been started already."""

TICK_SECONDS = 0.05
MOST_BYTES = 200


@contextmanager
def home_lock(home: Home, grace: float = GRACE_SECONDS) -> Iterator[None]:
    """While it lasts, this process is the only one that works on the home. It ends with the process, too.

    Raises HomeInUse, with the holder's process id and since when it has the lock, if it is not free within ``grace``
    seconds; StateError if the lock file cannot be made.
    """
    try:
        home.run.mkdir(mode=0o711, parents=True, exist_ok=True)
        descriptor = os.open(home.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StateError(f'cannot lock {home.root}: {home.lock}: {error.strerror}') from error
    try:
        _take(descriptor, home, time.monotonic() + grace)
        yield
    finally:
        os.close(descriptor)


def _take(descriptor: int, home: Home, deadline: float) -> None:
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            break
        except BlockingIOError as error:
            if time.monotonic() > deadline:
                raise HomeInUse(_told(descriptor, home)) from error
        time.sleep(TICK_SECONDS)
    os.ftruncate(descriptor, 0)
    since = datetime.now().astimezone().isoformat(sep=' ', timespec='seconds')
    os.pwrite(descriptor, f'{os.getpid()} {since}\n'.encode(), 0)


def _told(descriptor: int, home: Home) -> str:
    pid, _, since = os.pread(descriptor, MOST_BYTES, 0).decode(errors='replace').strip().partition(' ')
    holder = f'process {pid} since {since}' if pid.isdecimal() else 'another process'
    return (
        f'{home.root} is in use by {holder}: one home has one receiver; '
        'stop that one first, or name another home with --home'
    )
