"""Requests that are answered from the journal, when no builder is up to be asked. Loads what the builder is made of."""

from collections.abc import Generator, Sequence

from gitreceive.builder.answers import respond
from gitreceive.builder.service import open_desk
from gitreceive.settings import Settings
from gitreceive.wiring import open_line


def respond_alone(fields: Sequence[str], settings: Settings) -> Generator[bytes, None, str]:
    """Yields text and returns the status, as the builder would to its own user. No build is begun."""
    desk = open_desk(settings, open_line(settings))
    desk.queue.close()
    return respond(fields, desk, trusted=True)
