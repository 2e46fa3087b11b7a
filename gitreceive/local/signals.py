"""Lets a signal stop what runs instead of ending the program in the middle of it."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from types import FrameType

STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopped:
    """Which signal came, if one did."""

    def __init__(self) -> None:
        self.signal = 0

    @property
    def status(self) -> int:
        """The exit status that a shell reports for it (128 and the number)."""
        return 128 + self.signal


@contextmanager
def stop_signals(action: Callable[[], None]) -> Iterator[Stopped]:
    """While it lasts, SIGINT, SIGTERM and SIGHUP call ``action`` in a thread of its own, once for each signal.

    One that was ignored (by nohup, or for a shell's background) stays so.
    """
    stopped = Stopped()

    def received(number: int, frame: FrameType | None) -> None:
        stopped.signal = stopped.signal or number
        threading.Thread(target=action, daemon=True).start()

    with _handled(received):
        yield stopped


@contextmanager
def interrupting_signals() -> Iterator[None]:
    """While it lasts, SIGTERM and SIGHUP raise KeyboardInterrupt, as SIGINT does."""
    with _handled(signal.default_int_handler):
        yield


@contextmanager
def _handled(handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    with ExitStack() as stack:
        for number in STOPPING:
            if signal.getsignal(number) is not signal.SIG_IGN:
                stack.enter_context(_restored(number))
                signal.signal(number, handler)
        yield


@contextmanager
def _restored(number: int) -> Iterator[None]:
    before = signal.getsignal(number)
    try:
        yield
    finally:
        signal.signal(number, before)
