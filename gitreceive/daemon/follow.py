"""Follows an operation: its log as it grows, then its verdict."""

from collections.abc import Iterator

from gitreceive.config.home import Home
from gitreceive.daemon.services import Services
from gitreceive.daemon.verdict import Ended, closing_lines
from gitreceive.model.operation import Operation

POLL_SECONDS = 0.03
"""How often a growing log is looked at; the end of an operation rings a bell and is not waited for."""

CHUNK = 65536


def follow(number: int, offset: int, services: Services) -> Iterator[bytes | Operation]:
    """The log's bytes from ``offset`` as they come; ``b''`` when nothing is new (a moment to see whether the listener
    is still there); last the finished operation itself. Ends without it when the queue closes.
    """
    while True:
        operation = services.journal.operations.get(number)
        if operation is None:
            return
        for chunk in read_log(services.home, number, offset):
            offset += len(chunk)
            yield chunk
        if operation.state.final:
            yield closing(operation, services)
            yield operation
            return
        if not services.queue.open:
            return
        yield b''
        services.queue.wait(POLL_SECONDS)


def closing(operation: Operation, services: Services) -> bytes:
    """The verdict of a finished operation as bytes."""
    app, releases = operation.app, services.journal.releases
    release = releases.made_by(operation.number)
    ended = Ended(
        operation=operation,
        release=release,
        live=releases.get(app, operation.live) if operation.live else None,
        url=services.keeper.url(release) if release else '',
    )
    return closing_lines(ended, services.settings).encode()


def read_log(home: Home, number: int, offset: int = 0) -> Iterator[bytes]:
    """What the log holds now, from ``offset``, in chunks; nothing if there is no log yet."""
    try:
        with home.log(number).open('rb') as file:
            file.seek(offset)
            while chunk := file.read(CHUNK):
                yield chunk
    except FileNotFoundError:
        return
