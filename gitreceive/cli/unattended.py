"""Requests that are answered from the journal, when no daemon is up to be asked. Loads what the daemon is made of."""

import getpass
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import BinaryIO

from gitreceive.config.settings import Settings
from gitreceive.daemon.answers import respond
from gitreceive.daemon.service import open_services
from gitreceive.daemon.socket import Answering
from gitreceive.wiring import open_receiver


def respond_alone(fields: Sequence[str], stream: BinaryIO | None, settings: Settings) -> Answering:
    """Yields text and returns the status, as the daemon would to its own user. No build is begun."""
    services = open_services(settings, open_receiver(settings))
    services.queue.close()
    return respond(fields, services, _Alone(stream), host=getpass.getuser())


class _Alone:
    """The asker is this process itself."""

    def __init__(self, stream: BinaryIO | None) -> None:
        self._stream = stream

    def read_input(self, limit: int) -> bytes:
        return self._stream.read(limit + 1) if self._stream else b''

    def call_when_gone(self, action: Callable[[], None]) -> AbstractContextManager[None]:
        return nullcontext()
