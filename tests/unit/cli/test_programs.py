"""The programs of a receiver, in this process: they say that they are ready, and end when they are told to."""

import logging
import os
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from gitreceive.cli import sshd as sshd_program
from gitreceive.cli.main import gitreceive
from gitreceive.cli.serve import serve
from gitreceive.cli.supervised import LIFELINE, READY
from gitreceive.cli.supervisor import Supervised
from gitreceive.config.home import Home
from gitreceive.grammar.wire import ask
from gitreceive.model.errors import AddressInUse
from tests.daemon_socket import said

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@pytest.fixture(autouse=True)
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Settings, signal handlers and loggers of the test's own."""
    monkeypatch.setenv('GITRECEIVE_HOME', str(tmp_path / 'home'))
    monkeypatch.setenv('GITRECEIVE_SSH_LISTEN', '127.0.0.1:0')
    monkeypatch.setenv('GITRECEIVE_ENGINE_URL', f'unix://{tmp_path}/none.sock')
    monkeypatch.setenv('GITRECEIVE_RUN_ENABLED', 'false')
    monkeypatch.setattr(threading, 'excepthook', threading.excepthook)
    root = logging.getLogger()
    before = [signal.getsignal(number) for number in ENDING]
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:], root.level = handlers, level
    for number, handler in zip(ENDING, before, strict=True):
        signal.signal(number, handler)


@pytest.fixture
def when_ready(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Callable[[], object]], None]]:
    """Calls a function once a program in this process says that it is ready."""
    threads: list[threading.Thread] = []

    def calling(action: Callable[[], object]) -> None:
        read, write = os.pipe()
        monkeypatch.setenv(READY, str(write))

        def wait() -> None:
            assert os.read(read, 1) == b'1'
            os.close(read)
            action()

        threads.append(threading.Thread(target=wait))
        threads[-1].start()

    yield calling
    for thread in threads:
        thread.join(30)
        assert not thread.is_alive()


def terminate() -> None:
    """As systemd does."""
    os.kill(os.getpid(), signal.SIGTERM)


def test_the_daemon_answers_once_it_is_ready_and_ends_at_sigterm(
    tmp_path: Path, when_ready: Callable[[Callable[[], object]], None]
) -> None:
    answers: list[bytes] = []

    def asked() -> None:
        answers.append(said(ask(Home(tmp_path / 'home').socket, ['verb', '', 'apps'])))
        terminate()

    when_ready(asked)
    gitreceive.main(['daemon'], standalone_mode=False)
    assert answers == [b'nothing yet\n']
    assert READY not in os.environ


@pytest.mark.parametrize('program', ['daemon', 'sshd'])
def test_a_program_ends_with_the_one_that_supervises_it(
    program: str, monkeypatch: pytest.MonkeyPatch, when_ready: Callable[[Callable[[], object]], None]
) -> None:
    lifeline, held = os.pipe()
    monkeypatch.setenv(LIFELINE, str(lifeline))
    when_ready(lambda: os.close(held))
    gitreceive.main([program], standalone_mode=False)
    os.close(lifeline)


def test_the_ssh_server_as_a_program_of_its_own_tells_its_errors_with_their_status(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def taken(settings: object) -> None:
        raise AddressInUse('127.0.0.1:22 is taken')

    monkeypatch.setattr(sshd_program, 'SshServer', taken)
    monkeypatch.setattr('sys.argv', ['gitreceive-sshd'])
    with pytest.raises(SystemExit) as ended:
        sshd_program.main()
    assert ended.value.code == AddressInUse.exit_code
    assert capsys.readouterr().err == 'gitreceive sshd: 127.0.0.1:22 is taken\n'
    monkeypatch.setattr('sys.argv', ['gitreceive-sshd', '--nonsense'])
    with pytest.raises(SystemExit) as ended:
        sshd_program.main()
    assert ended.value.code == click.UsageError.exit_code


def test_serve_keeps_both_programs_with_the_settings_that_each_needs(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    kept: list[Supervised] = []

    class Remembering:
        """A supervisor that starts nothing."""

        def run(self, parts: list[Supervised]) -> int:
            kept.extend(parts)
            return 3

        def stop(self) -> None:
            """Nothing runs."""

    monkeypatch.setattr('gitreceive.cli.serve.Supervisor', Remembering)
    monkeypatch.setenv('AWS_SECRET_ACCESS_KEY', 'canary')
    done = CliRunner().invoke(serve, ['--listen', '127.0.0.1:2299'], standalone_mode=False)
    daemon, sshd = kept
    assert done.return_value == 3, done.exception
    assert daemon.command[-1] == 'daemon' and daemon.environment['AWS_SECRET_ACCESS_KEY'] == 'canary'
    assert sshd.command[-1] == 'gitreceive.sshd' and 'canary' not in sshd.environment.values()
    assert sshd.environment['GITRECEIVE_SSH_LISTEN'] == '127.0.0.1:2299'
    assert (tmp_path / 'home').is_dir()
