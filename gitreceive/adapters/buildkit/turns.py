"""Builds beside each other, and removals of images between them."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager


class Turns:
    """Keeps an image from being removed while a build may begin from its layers.

    The engine looks up what it can build on, and takes it some time later: between the two it lets anybody remove it
    ("parent snapshot does not exist").
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._builds = 0
        self._removals = 0

    @contextmanager
    def building(self) -> Iterator[None]:
        """Waits for the removal that is going on, if any; other builds are no reason to wait."""
        with self._changed:
            self._changed.wait_for(lambda: not self._removals)
            self._builds += 1
        try:
            yield
        finally:
            with self._changed:
                self._builds -= 1
                self._changed.notify_all()

    @contextmanager
    def removing(self, until: float) -> Iterator[None]:
        """Waits for the builds that are going on, but not longer than ``until`` (``time.monotonic``)."""
        with self._changed:
            self._changed.wait_for(lambda: not self._builds, max(0.0, until - time.monotonic()))
            self._removals += 1
        try:
            yield
        finally:
            with self._changed:
                self._removals -= 1
                self._changed.notify_all()
