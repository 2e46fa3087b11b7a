"""Hands queued operations to workers: one at a time for an app, as many on the host as there are workers."""

import threading
from collections.abc import Callable
from dataclasses import dataclass

from gitreceive.daemon.log import Logs
from gitreceive.journal import Journal
from gitreceive.model.access import Actor
from gitreceive.model.app import AppName
from gitreceive.model.cancellation import BuildClock
from gitreceive.model.errors import BuildCancelled, BuildError
from gitreceive.model.operation import Operation, OperationRequest, OperationState

RETRY_SECONDS = 2.0
"""How often the engine is asked whether it is back, while second attempts wait for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """An operation that a worker has taken, and what stops it."""

    operation: Operation
    clock: BuildClock


class Queue:
    """The journal's active rows, with a bell. The rows are the truth; nothing is lost with this object.

    ``seconds`` is the time that an operation may take from when it is taken. ``runs``: releases are run here, so that
    also what needs no build needs the engine.
    """

    def __init__(
        self,
        journal: Journal,
        logs: Logs,
        engine_answers: Callable[[], bool],
        seconds: float,
        *,
        runs: bool = False,
    ) -> None:
        self._journal, self._logs = journal, logs
        self._engine_answers = engine_answers
        self._seconds, self._runs = seconds, runs
        self._bell = threading.Condition()
        self._open = True
        self._taken: dict[int, Taken] = {}

    def submit(
        self, app: AppName, request: OperationRequest, actor: Actor, *, attempt: int = 1, session: str = ''
    ) -> Operation:
        """Journals an operation and wakes a worker. After this returns it cannot be lost."""
        operation = self._journal.operations.submit(app, request, actor, attempt=attempt, session=session)
        self.ring()
        return operation

    def start(self, number: int) -> Operation | None:
        """Queues what was announced and wakes a worker; None if it was dropped."""
        operation = self._journal.operations.queue(number)
        self.ring()
        return operation

    def take(self, *, builds: bool) -> Taken | None:
        """The next operation, marked running; waits for one. None when the queue is closed.

        ``builds``: whether it may be one that needs a build; the others wait for no build. What was taken can be
        cancelled from the same moment on.
        """
        while self._open:
            needed = builds or self._runs
            retries = not needed or (self._retries_wait() and self._engine_answers())
            with self._bell:
                if not self._open:
                    break
                if taken := self._claim(builds=builds, retries=retries):
                    return taken
                self._bell.wait(RETRY_SECONDS if needed and self._retries_wait() else None)
        return None

    def _claim(self, *, builds: bool, retries: bool) -> Taken | None:
        """What has ended in the journal keeps its app busy until its worker has let go of it."""
        busy = {each.operation.app for each in self._taken.values()}
        operation = self._journal.operations.claim(builds=builds, retries=retries, busy=busy)
        if operation is None:
            return None
        taken = Taken(operation=operation, clock=BuildClock(self._seconds))
        self._taken[operation.number] = taken
        return taken

    def _retries_wait(self) -> bool:
        return any(each.attempt > 1 and not each.started for each in self._journal.operations.active())

    def cancel(self, operation: Operation, cause: str, set_back: Callable[[], object]) -> None:
        """Ends an operation: a running one by its worker, in a moment; a waiting one at once, after ``set_back``."""
        number = operation.number
        with self._bell:
            taken = self._taken.get(number)
            current = self._journal.operations.get(number)
            if taken is None and current and current.state is OperationState.QUEUED:
                set_back()
                self._journal.operations.finish(number, OperationState.CANCELLED, cause)
        if taken:
            taken.clock.stop(BuildCancelled(cause))
        self.ring()

    def ring(self) -> None:
        """Something changed: workers and followers look again."""
        with self._bell:
            self._bell.notify_all()
        self._logs.wake_all()

    def wait(self, seconds: float) -> None:
        """Returns when the bell rings, or after ``seconds``."""
        with self._bell:
            self._bell.wait(seconds)

    def close(self) -> None:
        """Lets ``take`` return None."""
        with self._bell:
            self._open = False
        self.ring()

    @property
    def open(self) -> bool:
        """Whether operations are still handed out."""
        return self._open

    def forget(self, number: int) -> None:
        """The worker is done with the operation."""
        with self._bell:
            taken = self._taken.pop(number, None)
        if taken:
            taken.clock.close()
        self.ring()

    def holds(self, number: int) -> bool:
        """Whether a worker is still at it: after a release it moves the deploy branch."""
        return number in self._taken

    def stop_all(self, error: BuildError) -> None:
        """Tells all running operations to end."""
        with self._bell:
            taken = list(self._taken.values())
        for each in taken:
            each.clock.stop(error)
