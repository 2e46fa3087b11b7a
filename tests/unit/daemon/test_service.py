"""The daemon answers while it works, and ends in order; no engine is needed for that."""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from gitreceive.config.home import Home
from gitreceive.config.settings import EngineSettings, Settings
from gitreceive.daemon import housekeeping, service
from gitreceive.grammar.wire import ask
from gitreceive.journal import open_journal
from gitreceive.model.errors import StateError
from gitreceive.model.operation import Deploy, OperationState, redeploy
from gitreceive.model.push import Commit
from gitreceive.model.task import Task
from gitreceive.repositories import ensure_repository
from gitreceive.wiring.receiver import Receiver, open_receiver
from tests import daemon_socket
from tests.receiver_home import ANN, HELLO, MAIN, run_until_stopped


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / 'home', engine=EngineSettings(url=f'unix://{tmp_path}/none.sock'))


@contextmanager
def running(settings: Settings) -> Iterator[service.Service]:
    daemon = service.Service(settings)
    thread = threading.Thread(target=daemon.run)
    thread.start()
    try:
        yield daemon
    finally:
        daemon.stop()
        thread.join(20)
        assert not thread.is_alive()


def said(settings: Settings, *words: str) -> str:
    """What a verb on the host prints."""
    return daemon_socket.said(ask(Home(settings.home).socket, ['verb', '', *words])).decode()


@pytest.fixture
def deploys(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[Task], None]], None]:
    """Deploys are carried out by this."""

    def use(handler: Callable[[Task], None]) -> None:
        def opened(settings: Settings) -> Receiver:
            receiver = open_receiver(settings)
            receiver.handlers[Deploy] = handler  # type: ignore[index]
            return receiver

        monkeypatch.setattr(service, 'open_receiver', opened)

    return use


def submitted(settings: Settings) -> int:
    home = Home(settings.home)
    ensure_repository(home.repo(HELLO))
    with closing(open_journal(home)) as journal:
        journal.apps.add(HELLO, MAIN)
        return journal.operations.submit(HELLO, redeploy(Commit('1' * 40), MAIN), ANN).number


def test_it_answers_and_ends(settings: Settings) -> None:
    ensure_repository(Home(settings.home).repo(HELLO))
    with running(settings):
        assert 'hello' in said(settings, 'apps')
    assert not Home(settings.home).socket.exists()


def test_what_runs_when_it_ends_goes_on_with_the_next_start(settings: Settings, deploys) -> None:
    started, lives = threading.Event(), []

    def handler(task: Task) -> None:
        lives.append(task.operation.attempt)
        run_until_stopped(task, started)

    deploys(handler)
    number = submitted(settings)
    for _ in range(3):
        started.clear()
        with running(settings):
            assert started.wait(20)
    assert lives == [1, 1, 1], 'an orderly end is no attempt'
    with closing(open_journal(Home(settings.home))) as journal:
        found = journal.operations.get(number)
        assert found and found.state is OperationState.QUEUED


def test_a_verb_cancels_what_runs(settings: Settings, deploys) -> None:
    started = threading.Event()
    deploys(lambda task: run_until_stopped(task, started))
    submitted(settings)
    with running(settings):
        assert started.wait(20)
        assert 'Build 1' in said(settings, 'cancel', 'hello')
        assert 'cancelled' in said(settings, 'builds', 'hello')


def test_a_push_whose_hook_has_died_is_found_from_time_to_time(
    settings: Settings, deploys, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked = threading.Event()
    monkeypatch.setattr(housekeeping, 'SECONDS', 0.01)
    monkeypatch.setattr(housekeeping, 'settle_all', lambda *parts: looked.set() or 1 / 0)
    with running(settings):
        for _ in range(2):
            assert looked.wait(20), 'an error does not end it'
            looked.clear()


def test_a_truncated_journal_is_refused_before_anything_listens(settings: Settings) -> None:
    submitted(settings)
    path = Home(settings.home).journal_db
    os.truncate(path, path.stat().st_size // 2 // 4096 * 4096)
    with pytest.raises(StateError, match='restore it from a backup'):
        service.Service(settings)
    assert not Home(settings.home).socket.exists()
