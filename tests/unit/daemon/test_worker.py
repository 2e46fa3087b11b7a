"""A worker carries operations out, whatever becomes of them."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from gitreceive.build.deploy import Line
from gitreceive.config.home import Home
from gitreceive.config.settings import Limits
from gitreceive.daemon.queue import Queue
from gitreceive.daemon.worker import Worker
from gitreceive.journal import Journal, open_journal
from gitreceive.model.access import Actor
from gitreceive.model.app import AppName
from gitreceive.model.operation import OperationState, redeploy
from gitreceive.model.push import Commit

HELLO = AppName('hello')
ANN = Actor(name='ann')
WANTED = redeploy(Commit('1' * 40), 'refs/heads/main')


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


@pytest.fixture
def journal(home: Home) -> Iterator[Journal]:
    with closing(open_journal(home)) as opened:
        yield opened


def test_a_worker_outlives_a_journal_that_cannot_be_written_and_an_app_without_repository(
    journal: Journal, home: Home
) -> None:
    ended = threading.Event()
    line = cast(Line, SimpleNamespace(journal=journal, home=home, limits=Limits()))
    queue = Queue(journal, lambda: True)
    worker = Worker(queue, line, ended.set)
    with closing(sqlite3.connect(home.journal_db, isolation_level=None)) as other:
        operation = queue.submit(HELLO, WANTED, ANN)
        journal._database._db.execute('PRAGMA busy_timeout = 10')
        other.execute('BEGIN IMMEDIATE')
        worker.start()
        worker.join(0.3)
        assert worker.is_alive()
        other.execute('ROLLBACK')
    assert ended.wait(10)
    queue.close()
    worker.join(10)
    found = journal.operations.get(operation.number)
    assert found and found.state is OperationState.FAILED
