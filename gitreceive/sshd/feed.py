"""Bytes on their way from a channel into a process's standard input.

The transport's thread writes them straight into the process's socket, without waiting; what does not fit is kept
(never more than the channel's window) and written by the session's thread. Only what the process has taken is granted
to the peer again. A Unix socket, not a pipe: it becomes writable when three quarters of it are free, a pipe whenever
one page is, which wakes the writer for every 4 KiB that git reads.
"""

import os
import socket
import threading
from collections import deque
from collections.abc import Callable

from gitreceive.sshd.guard import LimitExceeded

PIECES = 64
"""Pieces that are handed to the kernel at once."""


class Feed:
    """A queue with a socket at its end. ``window`` is how many bytes the peer may send before more are granted."""

    def __init__(self, window: int) -> None:
        self._lock = threading.RLock()
        self._granted = window
        self._step = window // 8
        self._taken = 0
        self._queue: deque[memoryview] = deque()
        self._target: socket.socket | None = None
        self._watch: Callable[[bytes], bool] | None = None
        self._ended = False
        self._closed = False

    def take(self, data: bytes) -> bool:
        """From the transport's thread: new data. True if the session's thread has to look at the feed.

        Raises LimitExceeded if the peer sends more than it was granted.
        """
        with self._lock:
            shown = False
            self._granted -= len(data)
            if self._granted < 0:
                raise LimitExceeded('more data than the window allows')
            if self._closed:
                self._taken += len(data)
            elif data:
                shown = self._show(data)
                self._queue.append(memoryview(data))
                if len(self._queue) == 1:
                    self._write()
            return shown or bool(self._queue) or self._taken >= self._step

    def end(self) -> None:
        """From the transport's thread: the peer has sent all."""
        with self._lock:
            self._ended = True
            self._write()

    def connect(self, target: socket.socket, watch: Callable[[bytes], bool] | None = None) -> None:
        """From the session's thread: where to write to, and who sees the data before, until it returns False.

        A watcher that closes the feed keeps that data from the process.
        """
        with self._lock:
            target.setblocking(False)
            self._target, self._watch = target, watch
            for piece in list(self._queue):
                self._show(bytes(piece))
            self._write()

    def drain(self) -> bool:
        """Writes what fits; True if something is left."""
        with self._lock:
            self._write()
            return bool(self._queue) and not self._closed

    def due(self) -> int:
        """How many bytes to grant to the peer now; 0 while it is too little to be worth a packet."""
        with self._lock:
            if self._taken < self._step:
                return 0
            count, self._taken = self._taken, 0
            self._granted += count
            return count

    def close(self) -> None:
        """No more is written; what still comes is thrown away."""
        with self._lock:
            self._discard()

    def _show(self, data: bytes) -> bool:
        """True if the watcher has seen all that it wanted: somebody may want to act on it."""
        if self._watch is None or self._watch(data):
            return False
        self._watch = None
        return True

    def _write(self) -> None:
        """You hold the lock."""
        if self._target is None or self._closed:
            return
        try:
            while self._queue:
                pieces = [self._queue[at] for at in range(min(PIECES, len(self._queue)))]
                self._advance(os.writev(self._target.fileno(), pieces))
            if self._ended:
                self._discard()
        except BlockingIOError:
            pass
        except OSError:
            self._discard()

    def _advance(self, count: int) -> None:
        self._taken += count
        while count:
            first = self._queue.popleft()
            if len(first) > count:
                self._queue.appendleft(first[count:])
                return
            count -= len(first)

    def _discard(self) -> None:
        self._closed = True
        self._taken += sum(map(len, self._queue))
        self._queue.clear()
        if self._target is not None:
            self._target.close()
