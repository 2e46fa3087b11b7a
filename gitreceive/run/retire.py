"""Ends instances that are no longer needed, in the background: after their requests, within a time."""

import logging
import threading
import time
from collections.abc import Iterable

from gitreceive.model.errors import GitReceiveError
from gitreceive.model.instance import Instance
from gitreceive.points import point
from gitreceive.run.ports import Instances
from gitreceive.run.traffic import Traffic

log = logging.getLogger(__name__)

LOOK_SECONDS = 0.1
AT_ONCE = 16
"""The engine is asked to end so many at the same time."""


class Retiring:
    """The instances that are being ended. ``seconds``: how long one may finish its requests, and then its own work.

    A daemon that dies in between leaves them to the supervision after its next start.
    """

    def __init__(self, instances: Instances, traffic: Traffic, seconds: float) -> None:
        self._instances, self._traffic, self._seconds = instances, traffic, seconds
        self._lock = threading.Lock()
        self._going: dict[str, threading.Thread] = {}
        self._slots = threading.Semaphore(AT_ONCE)

    def retire(self, instances: Iterable[Instance]) -> None:
        """Lets them end. No new requests may be led to them."""
        for instance in instances:
            thread = threading.Thread(target=self._end, args=(instance,), name='retire', daemon=True)
            with self._lock:
                if instance.id in self._going:
                    continue
                self._going[instance.id] = thread
            thread.start()

    def holds(self, instance: Instance) -> bool:
        """Whether it is on its way already."""
        with self._lock:
            return instance.id in self._going

    def wait(self, seconds: float) -> None:
        """Returns when all are gone that are on their way now, or after ``seconds``."""
        end = time.monotonic() + seconds
        with self._lock:
            threads = [*self._going.values()]
        for thread in threads:
            thread.join(max(0.0, end - time.monotonic()))

    def _end(self, instance: Instance) -> None:
        try:
            self._drain(instance)
            with self._slots:
                self._instances.stop(instance, self._seconds)
            point('instance.retired')
        except GitReceiveError as error:
            log.warning('%s %s of v%d is not ended: %s', instance.app, instance.name, instance.release, error)
        finally:
            with self._lock:
                self._going.pop(instance.id, None)

    def _drain(self, instance: Instance) -> None:
        end = time.monotonic() + self._seconds
        while time.monotonic() < end and self._busy(instance):
            time.sleep(LOOK_SECONDS)

    def _busy(self, instance: Instance) -> bool:
        try:
            return self._traffic.busy(instance)
        except GitReceiveError as error:
            log.warning('%s %s: its requests are not waited for: %s', instance.app, instance.name, error)
            return False
