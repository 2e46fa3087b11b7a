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

REST_SECONDS = 0.02
"""The least time between two looks: a log that grows fast is not read line by line."""

CANCEL_SECONDS = 10.0
"""A running operation that is cancelled lets go within a second."""

CHUNK = 65536


def follow(number: int, offset: int, services: Services) -> Iterator[bytes | Operation]:
    """The log's bytes from ``offset`` as they come; ``b''`` when nothing is new (a moment to see whether the listener
    is still there); last the finished operation itself. Ends without it when the queue closes.
    """
    with services.logs.listening(number) as news:
        while services.queue.open:
            news.clear()
            held, operation = _look(number, services)
            if operation is None and not held:
                return
            for chunk in read_log(services.home, number, offset):
                offset += len(chunk)
                yield chunk
            if operation and operation.state.final:
                yield closing(operation, services)
                yield operation
                return
            time.sleep(REST_SECONDS)
            while not news.wait(LOOK_SECONDS):
                yield b''


def finished(number: int, services: Services, seconds: float = CANCEL_SECONDS) -> Operation:
    """The operation, once it has ended; as it is after ``seconds`` if it has not."""
    end = time.monotonic() + seconds
    with services.logs.listening(number) as news:
        while True:
            news.clear()
            _, operation = _look(number, services)
            if operation is None and time.monotonic() > end:
                operation = services.journal.operations.get(number)
            if operation and (operation.state.final or time.monotonic() > end):
                return operation
            news.wait(max(0.0, end - time.monotonic()))


def _look(number: int, services: Services) -> tuple[bool, Operation | None]:
    """Whether a worker is at it, and else the operation: a release has its row before the deploy branch names it."""
    held = services.queue.holds(number)
    return held, None if held else services.journal.operations.get(number)


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
