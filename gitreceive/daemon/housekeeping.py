"""What the daemon looks after from time to time, whoever asks for what."""

import logging
import threading

from gitreceive.config.home import Home
from gitreceive.daemon.queue import Queue
from gitreceive.daemon.settle import settle_all
from gitreceive.journal import Journal

log = logging.getLogger(__name__)

SECONDS = 15.0
"""A push whose hook and SSH server have died is queued after so long."""


class Housekeeping(threading.Thread):
    """Settles pushes that were announced and forgotten."""

    def __init__(self, journal: Journal, queue: Queue, home: Home) -> None:
        super().__init__(name='housekeeping', daemon=True)
        self._journal, self._queue, self._home = journal, queue, home
        self._closed = threading.Event()

    def close(self) -> None:
        """Lets ``run`` return."""
        self._closed.set()

    def run(self) -> None:
        """Looks after it until ``close``."""
        while not self._closed.wait(SECONDS):
            try:
                settle_all(self._journal, self._queue, self._home)
            except Exception:
                log.exception('announced pushes could not be settled')
