"""What the hooks say to the daemon and hear from it, whatever happens to it meanwhile."""

import importlib.util
import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from gitreceive.config.resources import directory
from gitreceive.grammar.wire import (
    END,
    MAX_PAYLOAD,
    OUTPUT,
    TEMPORARY,
    End,
    Frame,
)
from gitreceive.sshd.verdictpipe import MAX_ENTRY, parse_entries
from tests.e2e.sshd.scripted import read_request

HOLD = object()
"""The daemon says nothing more and stays."""


class Daemon:
    """Answers connections one after the other, each with its pieces, and then hangs up."""

    def __init__(self, path: Path) -> None:
        self.script: list[list[object]] = []
        self.asked: list[list[str]] = []
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen()
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _serve(self) -> None:
        held = []
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.asked.append(read_request(connection))
            pieces = self.script.pop(0)
            for piece in pieces:
                if isinstance(piece, bytes):
                    connection.sendall(piece)
            if HOLD in pieces:
                held.append(connection)
            else:
                connection.close()


def said(text: str) -> bytes:
    return Frame(OUTPUT, text.encode()).packed


def ended(status: int, cause: str = '') -> bytes:
    return Frame(END, End(status, cause).payload).packed


@pytest.fixture
def talk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The hooks' module, with short times."""
    spec = importlib.util.spec_from_file_location('talk', directory('hooks') / 'talk.py')
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.SILENCE, module.PAUSE, module.BUSY_PAUSE = 0.3, 0.01, 0.02
    for name, value in {
        'APP': 'hello',
        'KEY': 'SHA256:k',
        'SESSION': 'word',
        'SOCKET': str(tmp_path / 's'),
    }.items():
        monkeypatch.setenv(f'GITRECEIVE_{name}', value)
    monkeypatch.delenv('GIT_PUSH_OPTION_COUNT', raising=False)
    return module


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    listening = Daemon(tmp_path / 's')
    yield listening
    listening.close()


@pytest.fixture
def shown(talk: ModuleType, monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """What the pusher sees."""
    texts: list[bytes] = []
    monkeypatch.setattr(talk, 'show', texts.append)
    return texts


def test_an_answer_is_shown_as_it_comes_and_ends_with_its_cause(talk, daemon, shown) -> None:
    daemon.script = [[said('-----> Building\n'), Frame(b'K').packed, said('done\n'), ended(1, 'npm failed')]]
    end = talk.ask('push', talk.Push(['plan'], ['0 1 refs/heads/main']), 5)
    assert (end.status, end.cause) == (1, 'npm failed')
    assert b''.join(shown) == b'-----> Building\ndone\n'
    assert daemon.asked == [
        ['push', 'hello', 'SHA256:k', 'word', '0', '1', 'plan', '0 1 refs/heads/main'],
    ]


def test_an_answer_that_breaks_off_goes_on_where_it_was(talk, daemon, shown) -> None:
    daemon.script = [[said('one\n')], [], [said('two\n')], [ended(0)]]
    assert talk.ask('push', talk.Push([], []), 5).status == 0
    assert b''.join(shown) == b'one\ntwo\n'
    assert [asked[4] for asked in daemon.asked] == ['0', '4', '4', '8']


def test_a_frame_that_breaks_off_is_not_shown_by_half(talk, daemon, shown) -> None:
    daemon.script = [[said('one\n')[:-2]], [said('one\n'), ended(0)]]
    assert talk.ask('push', talk.Push([], []), 5).status == 0
    assert shown == [b'one\n']


@pytest.mark.parametrize('first', [[HOLD], [said('one\n'), HOLD]])
def test_a_daemon_that_says_nothing_does_not_answer(talk, daemon, shown, first) -> None:
    """It is not asked again: that would be as long a wait once more."""
    daemon.script = [first]
    assert talk.ask('push', talk.Push([], []), 5) is None
    assert len(daemon.asked) == 1


def test_a_daemon_that_is_not_there_does_not_answer(talk, shown) -> None:
    assert talk.ask('announce', talk.Push([], []), 0.3) is None


def test_a_daemon_that_can_take_no_more_is_asked_again(talk, daemon, shown) -> None:
    daemon.script = [[ended(75, 'too many')], [ended(75, 'too many')], [ended(0)]]
    assert talk.ask('push', talk.Push([], []), 5).status == 0
    assert shown == []


def test_a_large_request_goes_in_parts(talk, daemon, shown) -> None:
    updates = [f'{"0" * 40} {"1" * 40} refs/heads/{number:0100}' for number in range(20_000)]
    daemon.script = [[ended(0)]]
    assert talk.ask('announce', talk.Push([], updates), 5).status == 0
    assert daemon.asked[0][6:] == updates


@pytest.fixture
def given():
    """Lets a hook read lines from standard input."""
    saved = os.dup(0)

    def give(data: bytes) -> None:
        ours, theirs = os.pipe()
        os.write(theirs, data)
        os.close(theirs)
        os.dup2(ours, 0)
        os.close(ours)

    yield give
    os.dup2(saved, 0)
    os.close(saved)


LINE = f'{"0" * 40} {"1" * 40} refs/heads/'.encode()


def test_what_git_hands_over_is_read(talk, given, monkeypatch) -> None:
    given(LINE + b'main\n' + LINE + b'\xff\n')
    monkeypatch.setenv('GIT_PUSH_OPTION_COUNT', '1')
    monkeypatch.setenv('GIT_PUSH_OPTION_0', 'plan')
    push = talk.read_push()
    assert push.options == ['plan']
    assert [update[82:] for update in push.updates] == ['refs/heads/main', 'refs/heads/\udcff']


def test_a_ref_with_a_line_feed_is_refused_with_a_sentence(talk, given) -> None:
    given(LINE + b'ma\nin\n')
    with pytest.raises(talk.Unreadable, match='invalid ref name: it has a line feed in it'):
        talk.read_push()


@pytest.mark.parametrize(('count', 'option'), [('3000', 'x'), ('1', 'x' * 20_000)])
def test_too_many_options_are_refused_with_a_sentence(talk, given, monkeypatch, count, option) -> None:
    given(LINE + b'main\n')
    monkeypatch.setenv('GIT_PUSH_OPTION_COUNT', count)
    monkeypatch.setenv('GIT_PUSH_OPTION_0', option)
    with pytest.raises(talk.Unreadable, match='too many push options'):
        talk.read_push()


@pytest.mark.parametrize('cause', ['', 'npm failed', 'é' * 400, 'two\nlines\tand a tab', '\udcff'])
def test_an_entry_in_the_verdict_pipe_is_one_short_line(talk, monkeypatch, cause) -> None:
    ours, theirs = os.pipe()
    monkeypatch.setenv('GITRECEIVE_VERDICT', str(theirs))
    talk.leave('none', ref='refs/heads/main')
    talk.leave('1', cause)
    entries = os.read(ours, 10_000)
    os.close(ours)
    os.close(theirs)
    assert all(len(line) < MAX_ENTRY for line in entries.split(b'\n'))
    left = parse_entries(entries)
    assert left.verdict and (left.verdict.status, left.verdict.ref) == (1, 'refs/heads/main')


@pytest.mark.parametrize('pipe', ['', 'no number', '999'])
def test_a_verdict_that_nobody_takes_is_no_error(talk, monkeypatch, pipe) -> None:
    monkeypatch.setenv('GITRECEIVE_VERDICT', pipe)
    talk.leave('0')
    monkeypatch.delenv('GITRECEIVE_VERDICT')
    talk.leave('0')


def test_the_hooks_speak_as_the_daemon_does(talk) -> None:
    assert int(talk.TEMPORARY) == TEMPORARY
    assert talk.FRAME <= MAX_PAYLOAD
