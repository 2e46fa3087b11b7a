"""What is done in a process of its own, that dies in the middle of it."""

import os
import signal
import sqlite3
from collections.abc import Callable
from typing import Any

import pytest

from gitreceive.model.errors import StateError


def in_child(work: Callable[[], Any]) -> int:
    """Does it in a process that ends with it; how that ended."""
    pid = os.fork()
    if pid == 0:
        try:
            work()
            os._exit(0)
        except StateError:
            os._exit(StateError.exit_code)
        finally:
            os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


class Killed(sqlite3.Connection):
    """Dies before its N-th statement."""

    left = 0

    def execute(self, *words: Any) -> sqlite3.Cursor:
        Killed.left -= 1
        if Killed.left < 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().execute(*words)


def die_after(statements: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on this process is killed before the statement after so many, over all connections that it opens."""
    connect, Killed.left = sqlite3.connect, statements
    monkeypatch.setattr(
        sqlite3, 'connect', lambda *words, **more: connect(*words, **{'factory': Killed, **more})
    )
