"""Requests that are answered from the journal, when no daemon is up to be asked. Loads what the daemon is made of."""

import getpass
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import BinaryIO

from gitreceive.config.settings import Settings
from gitreceive.daemon.conversation import AskerGone
from gitreceive.daemon.positions import Positions
from gitreceive.daemon.service import open_answers, open_queue
from gitreceive.daemon.socket import Answering
from gitreceive.grammar.wire import Frame
from gitreceive.wiring.receiver import open_receiver


def respond_alone(fields: Sequence[str], stream: BinaryIO | None, settings: Settings) -> Answering:
    """Yields text and returns the status, as the daemon would to its own user. No build is begun."""
    receiver = open_receiver(settings)
    queue, logs = open_queue(settings, receiver)
    positions = Positions(receiver.journal, logs, settings.builds.parallel)
    queue.close()
    answers = open_answers(settings, receiver, queue, logs, positions)
    return answers.respond(fields, _Alone(stream), getpass.getuser())


class _Alone:
    """The asker is this process itself."""

    def __init__(self, stream: BinaryIO | None) -> None:
        self._stream = stream

    def read_input(self, limit: int) -> bytes:
        return self._stream.read(limit + 1) if self._stream else b''

    def receive(self) -> Frame:
        raise AskerGone

    def receive_control(self) -> Frame:
        raise AskerGone

    def wait_for_reader(self) -> None:
        """It waits for itself."""

    def call_when_gone(self, action: Callable[[], None]) -> AbstractContextManager[None]:
        return nullcontext()
