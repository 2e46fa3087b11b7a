"""One change at a time of what an app runs: a rollout and the supervision do not meet."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from gitreceive.model.app import AppName


class AppLocks:
    """A lock for each app."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._of: dict[AppName, threading.Lock] = {}

    @contextmanager
    def held(self, app: AppName) -> Iterator[None]:
        """Waits for the app, and has it alone as long as it lasts."""
        with self._get(app):
            yield

    @contextmanager
    def tried(self, app: AppName) -> Iterator[bool]:
        """Whether nobody else changes the app now; then nobody does as long as this lasts."""
        lock = self._get(app)
        got = lock.acquire(blocking=False)
        try:
            yield got
        finally:
            if got:
                lock.release()

    def _get(self, app: AppName) -> threading.Lock:
        with self._lock:
            return self._of.setdefault(app, threading.Lock())
