"""A signal that interrupts nothing: as if it had come just before the main thread began to wait."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def unnoticed(
    stop: Callable[[], None], waiting: Callable[[], bool], rescue: Callable[[], None]
) -> Iterator[None]:
    """Once ``waiting``, a signal comes whose handler is ``stop``; another thread takes it, so that no call of the main
    thread returns early. If the block has not ended ten seconds later, ``rescue`` has to end it, and that is a failure.
    """
    ended = threading.Event()
    late: list[bool] = []

    def send() -> None:
        while not waiting():
            ended.wait(0.02)
        signal.pthread_kill(threading.get_ident(), signal.SIGUSR1)
        if not ended.wait(10):
            late.append(True)
            rescue()

    before = signal.signal(signal.SIGUSR1, lambda *_: stop())
    sender = threading.Thread(target=send)
    sender.start()
    try:
        yield
    finally:
        ended.set()
        sender.join()
        signal.signal(signal.SIGUSR1, before)
    assert not late, 'the signal was not noticed'


def sleeps() -> bool:
    """Whether the main thread waits for something (proc(5))."""
    with open(f'/proc/self/task/{os.getpid()}/stat') as file:
        return file.read().rpartition(')')[2].split()[0] == 'S'
