"""Hands queued operations to workers: one at a time for an app, as many on the host as there are workers."""

import threading
from collections.abc import Callable

from gitreceive.journal import Journal
from gitreceive.model.access import Actor
from gitreceive.model.app import AppName
from gitreceive.model.cancellation import BuildClock
from gitreceive.model.errors import BuildError
from gitreceive.model.operation import Operation, OperationRequest

RETRY_SECONDS = 2.0
"""How often the engine is asked whether it is back, while second attempts wait for it."""


class Queue:
    """The journal's active rows, with a bell. The rows are the truth; nothing is lost with this object."""

    def __init__(self, journal: Journal, engine_answers: Callable[[], bool]) -> None:
        self._journal = journal
        self._engine_answers = engine_answers
        self._bell = threading.Condition()
        self._open = True
        self._clocks: dict[int, BuildClock] = {}

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

    def take(self) -> Operation | None:
        """The next operation, marked running; waits for one. None when the queue is closed."""
        operations = self._journal.operations
        while True:
            with self._bell:
                if not self._open:
                    return None
                if operation := operations.claim(retries=False):
                    return operation
                retry = any(operation.attempt > 1 for operation in operations.active())
                self._bell.wait(RETRY_SECONDS if retry else None)
            if retry and self._engine_answers() and (operation := operations.claim(retries=True)):
                return operation

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
        """Whether operations are still handed out."""
        return self._open

    def register(self, number: int, clock: BuildClock) -> None:
        """Makes a running operation stoppable by its number."""
        self._clocks[number] = clock

    def forget(self, number: int) -> None:
        """The opposite of ``register``."""
        self._clocks.pop(number, None)
        self.ring()

    def stop(self, number: int, error: BuildError) -> bool:
        """Tells a running operation to end with ``error``; False if no worker has it."""
        clock = self._clocks.get(number)
        if clock:
            clock.stop(error)
        return clock is not None

    def stop_all(self, error: BuildError) -> None:
        """Tells all running operations to end."""
        for number in list(self._clocks):
            self.stop(number, error)
