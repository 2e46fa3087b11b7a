"""Between an asker and the command that it runs: what each says goes to the other, and neither way waits for the other."""

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

from gitreceive.daemon.conversation import AskerGone
from gitreceive.daemon.socket import Answering
from gitreceive.grammar.wire import INPUT, INPUT_END, SIGNALS, WINDOW, End, ErrorOutput, Frame
from gitreceive.model.errors import GitReceiveError
from gitreceive.model.terminal import parse_window
from gitreceive.run.attached import AttachedCommand

END_OF_FILE = b'\x04'
"""What ends the input of a terminal, at the beginning of a line (termios(3): VEOF)."""


class CommandCaller(Protocol):
    """Who is attached to a command."""

    def receive(self) -> Frame:
        """What they send next. Raises AskerGone."""

    def receive_control(self) -> Frame:
        """Their next signal or window. Raises AskerGone."""

    def wait_for_reader(self) -> None:
        """They may read as slowly as they like."""


def pass_on(command: AttachedCommand, asking: CommandCaller, *, terminal: bool) -> Answering:
    """Until the command ends: its output, and then its exit status."""
    asking.wait_for_reader()
    for pump in (lambda: _give_input(command, asking, terminal), lambda: _give_controls(command, asking)):
        _start(pump)
    for piece in command.output():
        yield ErrorOutput(piece.data) if piece.error else piece.data
    return End(command.status())


def _start(pump: Callable[[], None]) -> None:
    """It ends with its asker: at the latest when the answer has ended."""

    def run() -> None:
        with suppress(AskerGone, GitReceiveError):
            pump()

    threading.Thread(target=run, daemon=True).start()


def _give_input(command: AttachedCommand, asking: CommandCaller, terminal: bool) -> None:
    line_begun = False
    while True:
        frame = asking.receive()
        if frame.kind == INPUT:
            command.write(frame.payload)
            line_begun = frame.payload[-1:] not in (b'\n', b'\r')
        elif frame.kind == INPUT_END and terminal:
            command.write(END_OF_FILE * (1 + line_begun))
        elif frame.kind == INPUT_END:
            command.end_input()


def _give_controls(command: AttachedCommand, asking: CommandCaller) -> None:
    while True:
        frame = asking.receive_control()
        text = frame.payload.decode('ascii', 'replace')
        if frame.kind == WINDOW:
            with suppress(ValueError):
                command.resize(parse_window(text))
        elif text in SIGNALS:
            command.signal(text)
