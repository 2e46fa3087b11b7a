"""Waiting for what has to happen, and failing if it does not."""

import time
from collections.abc import Callable


def within(seconds: float, happened: Callable[[], object]) -> bool:
    """Whether something happens in time."""
    deadline = time.monotonic() + seconds
    while not happened():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def wait_until(happened: Callable[[], object], seconds: float, what: str) -> None:
    """Waits for something that must happen within so many seconds."""
    assert within(seconds, happened), f'{what}: not within {seconds} s'
