"""Keeps processes running: the first start of each must succeed, later ones are tried until they do."""

import os
import select
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gitreceive.cli.supervised import LIFELINE, READY

TICK_SECONDS = 0.25
"""A signal that comes just before a wait does not interrupt it: its handler runs when that is over."""

RESTART_SECONDS = 0.2
MOST_SECONDS = 10.0
"""A process that dies again and again is started again more and more slowly, up to this many seconds."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Supervised:
    """One of the processes: its command, its whole environment, and the ``subprocess`` arguments for its user."""

    command: Sequence[str]
    environment: Mapping[str, str]
    ids: Mapping[str, Any] = field(default_factory=dict)

    def start(self, lifeline: int, ready: int | None = None) -> subprocess.Popen[bytes]:
        """Starts it; it ends by itself when the other end of ``lifeline`` is closed, and writes into ``ready`` once."""
        pipes = {LIFELINE: lifeline} if ready is None else {LIFELINE: lifeline, READY: ready}
        return subprocess.Popen(
            self.command,
            env={**self.environment, **{name: str(number) for name, number in pipes.items()}},
            pass_fds=list(pipes.values()),
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            **self.ids,
        )


class Supervisor:
    """Keeps parts running until it is stopped. When it is killed, the lifeline's end ends them."""

    def __init__(self) -> None:
        self._lifeline, self._held = os.pipe()
        self._stopping = threading.Event()
        self._running: dict[Supervised, subprocess.Popen[bytes]] = {}

    def run(self, parts: Sequence[Supervised]) -> int:
        """Starts one part after the other, each when the one before serves, and keeps them running until ``stop``.

        Returns 0 when all have ended then. If a part ends by itself before it has ever served, it has said why: the
        others are ended, too, and its exit status is returned. One that was killed is started again.
        """
        watchers: list[threading.Thread] = []
        status = 0
        for part in parts:
            status = self._start(part)
            if status or self._stopping.is_set():
                self.stop()
                break
            watchers.append(threading.Thread(target=self._keep, args=(part,)))
            watchers[-1].start()
        for watcher in watchers:
            while watcher.is_alive():
                watcher.join(TICK_SECONDS)
        return status

    def stop(self) -> None:
        """Ends all parts. May be called by a signal handler."""
        self._stopping.set()
        for process in list(self._running.values()):
            process.terminate()

    def _start(self, part: Supervised) -> int:
        """Starts a part until it serves; returns the exit status of one that refuses to, else 0."""
        while True:
            reader, writer = os.pipe()
            try:
                process = self._running[part] = part.start(self._lifeline, writer)
            finally:
                os.close(writer)
            if self._stopping.is_set():
                process.terminate()
            if _says_ready(reader):
                return 0
            status = process.wait()
            if self._stopping.is_set() or status == 0:
                return 0
            if status > 0:
                return status
            self._stopping.wait(RESTART_SECONDS)

    def _keep(self, part: Supervised) -> None:
        delay = RESTART_SECONDS
        while True:
            began = time.monotonic()
            self._running[part].wait()
            if self._stopping.is_set():
                return
            lived = time.monotonic() - began
            delay = RESTART_SECONDS if lived > MOST_SECONDS else min(delay * 2, MOST_SECONDS)
            if self._stopping.wait(delay):
                return
            process = self._running[part] = part.start(self._lifeline)
            if self._stopping.is_set():
                process.terminate()


def _says_ready(reader: int) -> bool:
    """Whether something comes out of the pipe before its end is reached; waits for one of the two."""
    poll = select.poll()
    poll.register(reader, select.POLLIN)
    with open(reader, 'rb', buffering=0) as ready:
        while not poll.poll(TICK_SECONDS * 1000):
            continue
        return bool(ready.read(1))


def stop_at_signals(stop: Callable[[], None]) -> None:
    """SIGTERM and SIGINT call ``stop``."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop())
