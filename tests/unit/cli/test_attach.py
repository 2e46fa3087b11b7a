"""A command that the daemon runs has the input, the signals and the terminal of its caller."""

import fcntl
import os
import pty
import signal
import struct
import termios
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gitreceive.cli.attach import attach
from gitreceive.daemon.conversation import Conversation
from gitreceive.daemon.socket import Answering
from gitreceive.grammar.wire import INPUT, INPUT_END, End, ErrorOutput, ask
from gitreceive.model.errors import DaemonUnreachable
from tests.daemon_socket import listening
from tests.streams import standard_input

BEGUN = b'begun\n'
"""What is given first: it arrives when the caller's signals and terminal are looked after."""

Respond = Callable[[Conversation], Answering]


@pytest.fixture
def attached(tmp_path: Path) -> Callable[..., int]:
    """Runs a command that is carried out by such a daemon, and returns its status."""

    def run(respond: Respond, *, terminal: bool = False) -> int:
        with listening(tmp_path / 'socket', respond):
            return attach(ask(tmp_path / 'socket', ['verb', '', 'run']), terminal=terminal)

    return run


@pytest.fixture
def given() -> Iterator[int]:
    """The end of a pipe to write into what is standard input."""
    read, write = os.pipe()
    with standard_input(read):
        yield write
        try:
            os.close(write)
        except OSError:
            pass  # the test has closed it


def test_output_errors_and_status_are_those_of_the_command(
    attached: Callable[..., int], given: int, capfd: pytest.CaptureFixture[str]
) -> None:
    def respond(conversation: Conversation) -> Answering:
        yield b'out\n'
        yield ErrorOutput(b'err\n')
        return End(9)

    assert attached(respond) == 9
    assert capfd.readouterr() == ('out\n', 'err\n')


def test_input_goes_through_to_its_end(
    attached: Callable[..., int], given: int, capfd: pytest.CaptureFixture[str]
) -> None:
    os.write(given, b'line\n' * 10_000)
    os.close(given)

    def respond(conversation: Conversation) -> Answering:
        received = 0
        while (frame := conversation.receive()).kind != INPUT_END:
            assert frame.kind == INPUT
            received += len(frame.payload)
        yield b'%d' % received
        return End(0)

    assert attached(respond) == 0
    assert capfd.readouterr().out == '50000'


def test_a_signal_is_passed_on_and_the_command_may_end_by_itself(
    attached: Callable[..., int], given: int, capfd: pytest.CaptureFixture[str]
) -> None:
    before = signal.getsignal(signal.SIGTERM)

    os.write(given, BEGUN)

    def respond(conversation: Conversation) -> Answering:
        assert conversation.receive().payload == BEGUN
        os.kill(os.getpid(), signal.SIGTERM)
        yield conversation.receive_control().payload
        return End(3)

    assert attached(respond) == 3
    assert capfd.readouterr().out == 'TERM'
    assert signal.getsignal(signal.SIGTERM) == before


def test_whoever_sends_a_signal_again_has_had_enough(attached: Callable[..., int], given: int) -> None:
    os.write(given, BEGUN)

    def respond(conversation: Conversation) -> Answering:
        assert conversation.receive().payload == BEGUN
        for _ in range(2):
            os.kill(os.getpid(), signal.SIGINT)
            if _ == 0:
                conversation.receive_control()
        conversation.receive()
        yield b''
        return End(0)

    assert attached(respond) == 128 + signal.SIGINT


def test_a_daemon_that_dies_is_told(attached: Callable[..., int], given: int) -> None:
    def respond(conversation: Conversation) -> Answering:
        conversation.connection.shutdown(2)
        yield b''
        return End(0)

    with pytest.raises(DaemonUnreachable):
        attached(respond)


def test_a_terminal_hands_every_key_on_and_tells_its_size(
    attached: Callable[..., int], capfd: pytest.CaptureFixture[str]
) -> None:
    controller, terminal = pty.openpty()
    before = termios.tcgetattr(terminal)
    os.write(controller, BEGUN)

    def respond(conversation: Conversation) -> Answering:
        assert conversation.receive().payload == BEGUN
        os.write(controller, b'\x03')
        yield conversation.receive().payload.hex().encode()
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack('HHHH', 50, 132, 0, 0))
        os.kill(os.getpid(), signal.SIGWINCH)
        yield b' ' + conversation.receive_control().payload
        return End(0)

    with (
        open(os.dup(terminal)) as own,
        pytest.MonkeyPatch.context() as patched,
        standard_input(os.dup(terminal)),
    ):
        patched.setattr('sys.stdin', own)
        assert attached(respond, terminal=True) == 0
        assert termios.tcgetattr(0) == before
    said = capfd.readouterr().out
    assert said.startswith('03 ') and '132' in said and '50' in said
    os.close(controller)
    os.close(terminal)
