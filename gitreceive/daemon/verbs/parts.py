"""What verbs are answered from."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from gitreceive.commands.builds import Submit
from gitreceive.commands.plan import Plans
from gitreceive.config.home import Home
from gitreceive.config.settings import Settings
from gitreceive.daemon.attached import CommandCaller
from gitreceive.daemon.branch import set_back
from gitreceive.daemon.follow import Follower
from gitreceive.daemon.queue import Queue
from gitreceive.daemon.socket import Answering
from gitreceive.daemon.verdict import exit_status
from gitreceive.grammar.parsing import Invocation
from gitreceive.grammar.wire import End, ErrorOutput
from gitreceive.journal import Journal
from gitreceive.model.access import Actor
from gitreceive.model.errors import BadCommand
from gitreceive.model.operation import Operation
from gitreceive.run.parts import Running
from gitreceive.wiring.receiver import Receiver


class Asking(CommandCaller, Protocol):
    """Whoever waits for the answer."""

    def read_input(self, limit: int) -> bytes:
        """All of their input, but at most ``limit`` bytes and one more."""

    def call_when_gone(self, action: Callable[[], None]) -> AbstractContextManager[None]:
        """While it lasts, ``action`` is called when they go."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What the use cases get their ports from. ``submit`` journals an operation and wakes a worker."""

    receiver: Receiver
    settings: Settings
    plans: Plans
    follower: Follower
    queue: Queue
    submit: Submit

    @property
    def home(self) -> Home:
        """Where the receiver keeps everything."""
        return self.receiver.home

    @property
    def journal(self) -> Journal:
        """What is known of apps."""
        return self.receiver.journal

    def running(self) -> Running:
        """What runs releases. Raises BadCommand where they are stored only."""
        if self.receiver.running is None:
            raise BadCommand('releases are not run here (setting run.enabled); the sysadmin can change that')
        return self.receiver.running

    def followed(self, number: int) -> Answering:
        """The log of an operation to its end, then 0 if it succeeded, else 1."""
        for piece in self.follower.follow(number):
            if isinstance(piece, Operation):
                return End(exit_status(piece))
            yield piece
        yield ErrorOutput(b' !     The daemon is not running; this goes on once it is back\n')
        return End(1)

    def end(self, operation: Operation, actor: Actor) -> Operation:
        """Cancels an operation that waits or runs, and returns it as it has ended."""
        back = partial(set_back, operation, self.journal, self.home)
        self.queue.cancel(operation, f'cancelled by {actor.name}', back)
        return self.follower.finished(operation.number)


Answers = Mapping[str, Callable[[Parts, Actor, Invocation, Asking], 'str | Answering']]
"""Which function answers which verb: all of the output at once, or pieces of it as they come."""
