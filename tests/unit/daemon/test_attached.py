"""A command at the daemon's socket: what its asker sends reaches it, and what it says comes back."""

import hashlib
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from gitreceive.config.settings import RunSettings
from gitreceive.daemon.attached import pass_on
from gitreceive.daemon.conversation import Conversation
from gitreceive.daemon.socket import Answering
from gitreceive.grammar import wire
from gitreceive.grammar.wire import ERROR, INPUT, INPUT_END, OUTPUT, SIGNAL, WINDOW, Answer, Frame, ask
from gitreceive.model.terminal import Terminal, Window
from gitreceive.run.attached import Given, one_off_spec
from tests.daemon_socket import listening, said
from tests.fakes_attached import FakeCommands
from tests.unit.run.test_oneoff import LIVE
from tests.waiting import within

PATIENCE = 20
GIVEN = Given(image='image', env={}, settings=RunSettings())


class Daemon:
    """Runs what it is asked to; ``commands`` has what runs."""

    def __init__(self, path: Path) -> None:
        self.path, self.commands = path, FakeCommands()

    def respond(self, conversation: Conversation) -> Answering:
        _, terminal, command = conversation.fields
        screen = Terminal('xterm', Window(24, 80)) if terminal else None
        begun = self.commands.begin(one_off_spec(LIVE, 1, command, screen, GIVEN))
        with begun as running, conversation.call_when_gone(running.end):
            return (yield from pass_on(running, conversation, terminal=bool(terminal)))

    def run(self, command: str, *, terminal: bool = False) -> Answer:
        return ask(self.path, ['verb', 'terminal' if terminal else '', command])


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    made = Daemon(tmp_path / 'socket')
    with ExitStack() as stack:
        stack.enter_context(listening(made.path, made.respond))
        yield made


def until(answer: Answer, word: bytes) -> None:
    got = b''
    while word not in got:
        got += b''.join(frame.payload for frame in answer.receive())


def test_both_outputs_and_the_status_come_back(daemon: Daemon) -> None:
    answer = daemon.run('echo out; echo err >&2; exit 7')
    frames = list(answer)
    assert answer.status == 7
    assert b''.join(text for kind, text in frames if kind == OUTPUT) == b'out\n'
    assert b''.join(text for kind, text in frames if kind == ERROR) == b'err\n'


def test_input_passes_whole_and_ends(daemon: Daemon) -> None:
    given = hashlib.shake_128(b'x').digest(3_000_000)
    answer = daemon.run('cat')

    def give() -> None:
        for at in range(0, len(given), 60_000):
            answer.send(Frame(INPUT, given[at : at + 60_000]))
        answer.send(Frame(INPUT_END))

    giving = threading.Thread(target=give)
    giving.start()
    assert said(answer) == given
    giving.join(PATIENCE)
    assert answer.status == 0


@pytest.mark.parametrize('given', [b'', b'one\n', b'one'])
def test_the_end_of_input_is_a_key_in_a_terminal(daemon: Daemon, given: bytes) -> None:
    answer = daemon.run('stty -echo; cat; echo ended', terminal=True)
    answer.send(Frame(INPUT, given))
    answer.send(Frame(INPUT_END))
    assert b'ended' in said(answer)


def test_signals_and_windows_overtake_input_that_nobody_reads(daemon: Daemon) -> None:
    script = 'trap "stty size; exit 4" WINCH; stty raw -echo; echo ready; while :; do sleep 0.05; done'
    answer = daemon.run(script, terminal=True)
    until(answer, b'ready')
    for _ in range(3):
        answer.send(Frame(INPUT, bytes(50_000)))
    for nonsense in (
        Frame(WINDOW, b'0x0'),
        Frame(WINDOW, b'\xff'),
        Frame(SIGNAL, b'NONSENSE'),
        Frame(SIGNAL),
    ):
        answer.send(nonsense)
    answer.send(Frame(WINDOW, b'50x132'))
    assert said(answer) == b'50 132\r\n' or answer.status == 4
    answer = daemon.run('echo ready; sleep 1000')
    until(answer, b'ready')
    for _ in range(3):
        answer.send(Frame(INPUT, bytes(50_000)))
    answer.send(Frame(SIGNAL, b'TERM'))
    assert said(answer) == b''
    assert answer.status == 143


def test_an_asker_that_goes_takes_its_command_along(daemon: Daemon) -> None:
    answer = daemon.run('trap "" HUP; echo ready; while :; do sleep 0.05; done')
    until(answer, b'ready')
    assert len(daemon.commands.running) == 1
    answer.close()
    assert within(PATIENCE, lambda: not daemon.commands.running)


def test_an_asker_that_goes_while_it_reads_nothing_takes_its_command_along(daemon: Daemon) -> None:
    answer = daemon.run('cat /dev/zero')
    until(answer, b'\0')
    answer.close()
    assert within(PATIENCE, lambda: not daemon.commands.running)


def test_an_asker_may_read_as_slowly_as_it_likes(daemon: Daemon, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr('gitreceive.daemon.conversation.SEND_SECONDS', 0.2)
    monkeypatch.setattr(wire, 'SILENCE_SECONDS', 20)
    answer = daemon.run('head -c 3000000 /dev/zero; exit 3')
    threading.Event().wait(1)
    assert len(said(answer)) == 3_000_000
    assert answer.status == 3
