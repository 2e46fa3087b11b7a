"""Sees at once that HAProxy has ended, whoever started it."""

import logging
import os
import select
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from gitreceive.model.errors import RouterError

IDLE_SECONDS = 1.0
TIDY_SECONDS = 5.0
FIRST_SECONDS, LONGEST_SECONDS = 0.5, 30.0
"""Between two tries to start an HAProxy that does not stay."""

log = logging.getLogger(__name__)


@contextmanager
def watching(running: Callable[[], int], tidy: Callable[[], None]) -> Iterator[None]:
    """As long as it lasts, ``running`` is called whenever the process has ended whose id it returned last (0: none yet).

    ``tidy`` is called every few seconds while it runs.
    """
    ended = threading.Event()
    reader, writer = os.pipe()
    thread = threading.Thread(target=_watch, args=(running, tidy, ended, reader), name='router', daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        os.close(writer)
        thread.join()
        os.close(reader)


def _watch(running: Callable[[], int], tidy: Callable[[], None], ended: threading.Event, wake: int) -> None:
    wait = FIRST_SECONDS
    while not ended.is_set():
        try:
            pid = running()
        except RouterError as error:
            log.warning('%s; trying again in %.0f s', error, wait)
            ended.wait(wait)
            wait = min(2 * wait, LONGEST_SECONDS)
            continue
        wait = FIRST_SECONDS
        if pid:
            while not wait_for_end(pid, wake, TIDY_SECONDS):
                tidy()
        else:
            ended.wait(IDLE_SECONDS)


def wait_for_end(pid: int, wake: int, seconds: float) -> bool:
    """Whether, within so many seconds, a process has ended or ``wake`` is closed at its other end."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        poll = select.poll()
        for each in (descriptor, wake):
            poll.register(each, select.POLLIN)
        return bool(poll.poll(seconds * 1000))
    finally:
        os.close(descriptor)
