"""Hands queued builds to workers: one at a time for an app, as many on the host as there are workers."""

import threading
from collections.abc import Callable

from gitreceive.journal import History
from gitreceive.model.cancellation import BuildClock
from gitreceive.model.errors import BuildError
from gitreceive.model.push import Build, Push

RETRY_SECONDS = 2.0
"""How often the engine is asked whether it is back, while second attempts wait for it."""


class Queue:
    """The journal's live rows, with a bell. The rows are the truth; nothing is lost with this object."""

    def __init__(self, history: History, engine_answers: Callable[[], bool]) -> None:
        self._history = history
        self._engine_answers = engine_answers
        self._bell = threading.Condition()
        self._open = True
        self._clocks: dict[int, BuildClock] = {}

    def push(self, push: Push, *, attempt: int = 1) -> Build:
        """Journals a push and wakes a worker. After this returns the push cannot be lost."""
        build = self._history.record_push(push, attempt=attempt)
        self.ring()
        return build

    def take(self) -> Build | None:
        """The next build, marked running; waits for one. None when the queue is closed."""
        while True:
            with self._bell:
                if not self._open:
                    return None
                if build := self._history.claim(retries=False):
                    return build
                retry = any(build.attempt > 1 for build in self._history.live_builds())
                self._bell.wait(RETRY_SECONDS if retry else None)
            if retry and self._engine_answers() and (build := self._history.claim(retries=True)):
                return build

    def ring(self) -> None:
        """Something changed: workers and followers look again."""
        with self._bell:
            self._bell.notify_all()

    def wait(self, seconds: float) -> None:
        """Returns when the bell rings, or after ``seconds``."""
        with self._bell:
            self._bell.wait(seconds)

    def close(self) -> None:
        """Lets ``take`` return None."""
        with self._bell:
            self._open = False
            self._bell.notify_all()

    @property
    def open(self) -> bool:
        """Whether builds are still handed out."""
        return self._open

    def register(self, number: int, clock: BuildClock) -> None:
        """Makes a running build stoppable by its number."""
        self._clocks[number] = clock

    def forget(self, number: int) -> None:
        """The opposite of ``register``."""
        self._clocks.pop(number, None)
        self.ring()

    def stop(self, number: int, error: BuildError) -> bool:
        """Tells a running build to end with ``error``; False if no worker has it."""
        clock = self._clocks.get(number)
        if clock:
            clock.stop(error)
        return clock is not None

    def stop_all(self, error: BuildError) -> None:
        """Tells all running builds to end."""
        for number in list(self._clocks):
            self.stop(number, error)
