"""How a running build is told to stop: by somebody, by a newer push, by its deadline, by the receiver's end."""

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

from gitreceive.model.errors import BuildError, BuildTimeout
from gitreceive.model.progress import Cancellation


class BuildClock:
    """A deadline and a stop button in one; satisfies the ``Cancellation`` port.

    ``limit`` is in seconds, counted from the creation.
    """

    def __init__(self, limit: float) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._error: BuildError | None = None
        self._actions: list[Callable[[], None]] = []
        self._timer = threading.Timer(limit, self._expire)
        self._timer.daemon = True
        self._timer.start()

    def stop(self, error: BuildError) -> None:
        """Stops the build with ``error``; the first caller's error counts."""
        with self._lock:
            if self._error:
                return
            self._error = error
            actions, self._actions = self._actions, []
        for action in actions:
            action()

    def check(self) -> None:
        """Raises the error the build was stopped with, if it was."""
        if self._error:
            raise self._error

    @contextmanager
    def call_on_stop(self, action: Callable[[], None]) -> Iterator[None]:
        """See the port. An ``action`` must not raise; it is called at once if the build has been stopped already."""
        with self._lock:
            stopped = self._error is not None
            if not stopped:
                self._actions.append(action)
        if stopped:
            action()
        try:
            yield
        finally:
            with self._lock:
                if action in self._actions:
                    self._actions.remove(action)

    def close(self) -> None:
        """Ends the timer; nothing is called from then on."""
        self._timer.cancel()

    def _expire(self) -> None:
        self.stop(BuildTimeout(f'timed out after {_spoken(self._limit)}'))


class Unstopped:
    """Nobody stops it. Satisfies the ``Cancellation`` port."""

    def check(self) -> None:
        """See the port: nothing stops it."""

    def call_on_stop(self, action: Callable[[], None]) -> AbstractContextManager[None]:
        """Never calls it."""
        return nullcontext()


NEVER = Unstopped()


def pause(cancellation: Cancellation, seconds: float) -> None:
    """Waits that long, or until the build is stopped: then it raises what the build was stopped with."""
    stopped = threading.Event()
    with cancellation.call_on_stop(stopped.set):
        stopped.wait(seconds)
    cancellation.check()


def _spoken(seconds: float) -> str:
    if seconds >= 60 and seconds % 60 == 0:
        return f'{int(seconds // 60)} minutes'
    return f'{seconds:g} seconds'
