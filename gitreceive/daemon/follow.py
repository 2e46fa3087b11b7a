"""Follows an operation: its log as it grows, then its verdict."""

import time
from collections import deque
from collections.abc import Callable, Iterator

from gitreceive.config.home import Home
from gitreceive.config.settings import Settings
from gitreceive.daemon.log import Logs, warning
from gitreceive.daemon.queue import Queue
from gitreceive.daemon.verdict import Ended, closing_lines
from gitreceive.journal import Journal
from gitreceive.model.operation import Operation
from gitreceive.model.release import Release, ReleaseState

LOOK_SECONDS = 1.0
"""Who writes the log wakes those who follow it; so often they look whether their listener is still there."""

REST_SECONDS = 0.02
"""The least time between two looks: a log that grows fast is not read line by line."""

CANCEL_SECONDS = 10.0
"""A running operation that is cancelled lets go within a second."""

CHUNK = 65536

WERE_LIVE = (ReleaseState.LIVE, ReleaseState.REPLACED)


class Follower:
    """Follows the operations of one receiver. ``url`` says where a release's slug lies."""

    def __init__(
        self,
        journal: Journal,
        queue: Queue,
        logs: Logs,
        home: Home,
        settings: Settings,
        url: Callable[[Release], str],
    ) -> None:
        self._journal, self._queue, self._logs = journal, queue, logs
        self._home, self._settings, self._url = home, settings, url

    def follow(self, number: int, offset: int = 0) -> Iterator[bytes | Operation]:
        """The log's bytes from ``offset`` as they come; ``b''`` when nothing is new (a moment to see whether the
        listener is still there); last the finished operation itself. Ends without it when the queue closes.
        """
        with self._logs.listening(number) as news:
            while self._queue.open:
                news.clear()
                held, operation = self._look(number)
                if operation is None and not held:
                    return
                for chunk in read_log(self._home, number, offset):
                    offset += len(chunk)
                    yield chunk
                if operation and operation.state.final:
                    yield self.closing(operation)
                    yield operation
                    return
                time.sleep(REST_SECONDS)
                while not news.wait(LOOK_SECONDS):
                    yield b''

    def finished(self, number: int, seconds: float = CANCEL_SECONDS) -> Operation:
        """The operation, once it has ended; as it is after ``seconds`` if it has not."""
        end = time.monotonic() + seconds
        with self._logs.listening(number) as news:
            while True:
                news.clear()
                _, operation = self._look(number)
                if operation is None and time.monotonic() > end:
                    operation = self._journal.operations.get(number)
                if operation and (operation.state.final or time.monotonic() > end):
                    return operation
                news.wait(max(0.0, end - time.monotonic()))

    def closing(self, operation: Operation) -> bytes:
        """The verdict of a finished operation as bytes."""
        app, releases = operation.app, self._journal.releases
        made = releases.made_by(operation.number)
        release = made if made and made.state in WERE_LIVE else None
        ended = Ended(
            operation=operation,
            release=release,
            live=releases.get(app, operation.live) if operation.live else None,
            url=self._url(release) if release else '',
        )
        return closing_lines(ended, self._settings).encode()

    def _look(self, number: int) -> tuple[bool, Operation | None]:
        """Whether a worker is at it, and else the operation: a release has its row before the deploy branch names it."""
        held = self._queue.holds(number)
        return held, None if held else self._journal.operations.get(number)


def missing_log(operation: Operation, home: Home) -> bytes:
    """Says that there is no log of an operation that has written one; nothing if there is."""
    path = home.log(operation.number)
    if operation.started is None or path.exists():
        return b''
    why = f'{path} is missing: logs are kept apart from the journal, in {path.parent}; restore them, too'
    return warning(why)


def read_log(home: Home, number: int, offset: int = 0) -> Iterator[bytes]:
    """What the log holds now, from ``offset``, in chunks; nothing if there is no log yet."""
    try:
        with home.log(number).open('rb') as file:
            file.seek(offset)
            while chunk := file.read(CHUNK):
                yield chunk
    except FileNotFoundError:
        return


def tail_log(home: Home, number: int, lines: int) -> bytes:
    """The last lines of the log; nothing if there is no log yet."""
    held, pieces = deque[bytes](maxlen=lines), read_log(home, number)
    begun = b''
    for piece in pieces:
        *whole, begun = (begun + piece).split(b'\n')
        held.extend(whole)
    return b''.join(line + b'\n' for line in held)
