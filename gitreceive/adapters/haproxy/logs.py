"""What HAProxy writes: requests through a pipe that outlives both sides, messages into a file; both are kept short.

Not into a file by itself: it takes O_APPEND away from its output (F_SETFL), so that the file could never be emptied. As
long as no daemon reads, lines that the pipe has no room for are lost; requests never wait for it.
"""

import fcntl
import logging
import os
import select
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

ACCESS, MESSAGES, PIPE = 'access.log', 'haproxy.log', 'access.pipe'
PIPE_BYTES = 1 << 20
MOST_ACCESS, MOST_MESSAGES = 10_000_000, 1_000_000
"""Bytes. Of requests, as many again are kept in ``access.log.1``."""

PAUSE_SECONDS = 0.05
"""Between two looks into the pipe: many lines cost no more than few."""

LOOK_SECONDS, AGAIN_SECONDS = 0.2, 5.0
"""Until there is a pipe, and after an error."""

log = logging.getLogger(__name__)


def open_pipe(folder: Path) -> int:
    """The pipe, made unless it is there, for HAProxy to write into. Raises OSError."""
    path = folder / PIPE
    if not path.is_fifo():
        path.unlink(missing_ok=True)
        os.mkfifo(path, 0o600)
    descriptor = os.open(path, os.O_RDWR)  # so that it has a reader, whether a daemon runs or not
    with suppress(OSError):
        fcntl.fcntl(descriptor, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
    return descriptor


@contextmanager
def reading_logs(folder: Path) -> Iterator[None]:
    """As long as it lasts, lines go from the pipe into the access log."""
    ended = threading.Event()
    thread = threading.Thread(target=_read, args=(folder, ended), name='access log', daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()


def bound_messages(folder: Path) -> None:
    """Empties a long log of messages, which HAProxy appends to."""
    with suppress(OSError):
        if (folder / MESSAGES).stat().st_size > MOST_MESSAGES:
            os.truncate(folder / MESSAGES, 0)


def _read(folder: Path, ended: threading.Event) -> None:
    while not ended.wait(LOOK_SECONDS):
        try:
            if (folder / PIPE).is_fifo():
                _copy(folder, ended)
        except OSError as error:
            log.warning('the access log in %s is not written: %s', folder, error)
            ended.wait(AGAIN_SECONDS)


def _copy(folder: Path, ended: threading.Event) -> None:
    """Until the end, or until the pipe is another one. Raises OSError."""
    descriptor = os.open(folder / PIPE, os.O_RDWR | os.O_NONBLOCK)
    try:
        inode = os.fstat(descriptor).st_ino
        while not ended.is_set() and _inode(folder / PIPE) == inode:
            if select.select([descriptor], [], [], 1.0)[0]:
                with (folder / ACCESS).open('ab') as file:
                    file.write(os.read(descriptor, PIPE_BYTES))
                _put_aside(folder)
            ended.wait(PAUSE_SECONDS)
    finally:
        os.close(descriptor)


def _put_aside(folder: Path) -> None:
    if (folder / ACCESS).stat().st_size > MOST_ACCESS:
        os.replace(folder / ACCESS, folder / f'{ACCESS}.1')


def _inode(path: Path) -> int:
    with suppress(OSError):
        return path.stat().st_ino
    return 0
