"""Lets a signal stop what runs instead of ending the program in the middle of it."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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
    """While it lasts, SIGINT, SIGTERM and SIGHUP call ``action`` in a thread of its own, for each signal once more.

    A broken pipe is an error of the write meanwhile, not the end of the process.
    """
    stopped = Stopped()

    def received(number: int, frame: FrameType | None) -> None:
        stopped.signal = stopped.signal or number
        threading.Thread(target=action, daemon=True).start()

    before = {number: signal.signal(number, received) for number in STOPPING}
    before[signal.SIGPIPE] = signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    try:
        yield stopped
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
