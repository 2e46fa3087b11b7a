"""Follows an operation: its log as it grows, then its verdict."""

import time
from collections.abc import Iterator

from gitreceive.config.home import Home
from gitreceive.daemon.log import shown
from gitreceive.daemon.services import Services
from gitreceive.daemon.verdict import Ended, closing_lines
from gitreceive.model.operation import Operation

LOOK_SECONDS = 1.0
"""Who writes the log wakes those who follow it; so often they look whether their listener is still there."""

CANCEL_SECONDS = 10.0
"""A running operation that is cancelled lets go within a second."""

CHUNK = 65536


def follow(number: int, offset: int, services: Services) -> Iterator[bytes | Operation]:
    """The log's bytes from ``offset`` as they come; ``b''`` when nothing is new (a moment to see whether the listener
    is still there); last the finished operation itself. Ends without it when the queue closes.
    """
    with services.logs.listening(number) as news:
        while True:
            news.clear()
            operation = services.journal.operations.get(number)
            if operation is None:
                return
            for chunk in read_log(services.home, number, offset):
                offset += len(chunk)
                yield chunk
            if _over(operation, services):
                yield closing(operation, services)
                yield operation
                return
            while not news.wait(LOOK_SECONDS):
                yield b''
            if not services.queue.open:
                return


def finished(number: int, services: Services, seconds: float = CANCEL_SECONDS) -> Operation:
    """The operation, once it has ended; as it is after ``seconds`` if it has not."""
    end = time.monotonic() + seconds
    with services.logs.listening(number) as news:
        while True:
            news.clear()
            operation = services.journal.operations.get(number)
            assert operation
            if _over(operation, services) or time.monotonic() > end:
                return operation
            news.wait(end - time.monotonic())


def _over(operation: Operation, services: Services) -> bool:
    """Whether there is nothing to come: a release has a row before the deploy branch names it."""
    return operation.state.final and not services.queue.holds(operation.number)


def closing(operation: Operation, services: Services) -> bytes:
    """The verdict of a finished operation as bytes."""
    app, releases = operation.app, services.journal.releases
    release = releases.made_by(operation.number)
    ended = Ended(
        operation=operation,
        release=release,
        live=releases.get(app, operation.live) if operation.live else None,
        url=services.slugs.url(release) if release else '',
    )
    return closing_lines(ended, services.settings).encode()


def missing_log(operation: Operation, home: Home) -> bytes:
    """Says that there is no log of an operation that has written one; nothing if there is."""
    path = home.log(operation.number)
    if operation.started is None or path.exists():
        return b''
    why = f'{path} is missing: logs are kept apart from the journal, in {path.parent}; restore them, too'
    return ''.join(shown(' !     ', why)).encode()


def read_log(home: Home, number: int, offset: int = 0) -> Iterator[bytes]:
    """What the log holds now, from ``offset``, in chunks; nothing if there is no log yet."""
    try:
        with home.log(number).open('rb') as file:
            file.seek(offset)
            while chunk := file.read(CHUNK):
                yield chunk
    except FileNotFoundError:
        return
