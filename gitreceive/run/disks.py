"""Keeps instances from filling the disk: what has written too much is ended, and starts again with nothing of it.

The engine's file system has no quotas but on some hosts. A file by itself cannot grow beyond the limit (setrlimit(2)).
"""

import logging
import threading

from gitreceive.model.errors import GitReceiveError
from gitreceive.run.ports import Disks

log = logging.getLogger(__name__)

SECONDS = 15.0


class DiskWatch(threading.Thread):
    """Looks now and then, until ``close``. ``most`` is in bytes; 0: there is no limit."""

    def __init__(self, disks: Disks, most: int) -> None:
        super().__init__(name='disks', daemon=True)
        self._disks, self._most = disks, most
        self._closed = threading.Event()

    def look(self) -> None:
        """Ends what has written too much; what is live is started again by the supervision. Raises EngineGone."""
        for one in self._disks.end_larger(self._most):
            log.warning(
                '%s of %s has written %d bytes to its disk and was ended: run.disk_bytes is %d',
                *(one.name, one.app, one.written, self._most),
            )

    def run(self) -> None:
        """Looks every few seconds until ``close``."""
        while self._most and not self._closed.wait(SECONDS):
            try:
                self.look()
            except GitReceiveError as error:
                log.warning('the disks of instances are not watched: %s', error)

    def close(self) -> None:
        """Lets ``run`` return."""
        self._closed.set()
