"""Follows a build: its log as it grows, then its verdict."""

from collections.abc import Iterator

from gitreceive.config.home import Home
from gitreceive.config.settings import Settings
from gitreceive.daemon.queue import Queue
from gitreceive.daemon.verdict import closing_lines
from gitreceive.journal import History
from gitreceive.model.push import Build

POLL_SECONDS = 0.03
"""How often a growing log is looked at; the end of a build rings a bell and is not waited for."""

CHUNK = 65536


def follow(
    number: int, offset: int, history: History, queue: Queue, home: Home, settings: Settings
) -> Iterator[bytes | Build]:
    """The log's bytes from ``offset`` as they come; ``b''`` when nothing is new (a moment to see whether the listener
    is still there); last the finished build itself. Ends without it when the queue closes.
    """
    while True:
        build = history.build(number)
        if build is None:
            return
        for chunk in read_log(home, number, offset):
            offset += len(chunk)
            yield chunk
        if not build.state.live:
            yield closing(build, history, settings)
            yield build
            return
        if not queue.open:
            return
        yield b''
        queue.wait(POLL_SECONDS)


def closing(build: Build, history: History, settings: Settings) -> bytes:
    """The verdict of a finished build as bytes."""
    app = build.push.app
    return closing_lines(build, history.release_of(build.number), history.current(app), settings).encode()


def read_log(home: Home, number: int, offset: int = 0) -> Iterator[bytes]:
    """What the log holds now, from ``offset``, in chunks; nothing if there is no log yet."""
    try:
        with home.log(number).open('rb') as file:
            file.seek(offset)
            while chunk := file.read(CHUNK):
                yield chunk
    except FileNotFoundError:
        return
