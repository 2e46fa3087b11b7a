"""The history outlives what happens to a file, and versions of the receiver."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from gitreceive.build.deploy import Line
from gitreceive.config.home import Home
from gitreceive.config.settings import Limits
from gitreceive.daemon.queue import Queue
from gitreceive.daemon.worker import Worker
from gitreceive.journal import History
from gitreceive.journal.database import SCHEMA, SCHEMA_VERSION
from gitreceive.model.app import AppName
from gitreceive.model.errors import StateError
from gitreceive.model.push import NO_COMMIT, BuildState, Commit, Push, Pusher, RefUpdate

HELLO = AppName('hello')
COMMIT = Commit('1' * 40)
PUSH = Push(
    app=HELLO,
    update=RefUpdate(old=NO_COMMIT, new=COMMIT, ref='refs/heads/main'),
    pusher=Pusher(name='me', key='SHA256:k'),
)
FIRST_SCHEMA = """
CREATE TABLE apps (
    name TEXT PRIMARY KEY, deploy_branch TEXT NOT NULL, created REAL NOT NULL);
CREATE TABLE config_vars (
    app TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (app, name));
CREATE TABLE builds (
    number INTEGER PRIMARY KEY AUTOINCREMENT, app TEXT NOT NULL, ref TEXT NOT NULL,
    old TEXT NOT NULL, new TEXT NOT NULL, pusher TEXT NOT NULL, key TEXT NOT NULL, options TEXT NOT NULL,
    state TEXT NOT NULL, cause TEXT NOT NULL DEFAULT '', attempt INTEGER NOT NULL DEFAULT 1,
    created REAL NOT NULL, started REAL, finished REAL);
CREATE INDEX builds_by_app ON builds (app, number);
CREATE INDEX live_builds ON builds (state) WHERE state IN ('queued', 'running');
CREATE TABLE releases (
    app TEXT NOT NULL, version INTEGER NOT NULL, build INTEGER NOT NULL UNIQUE, commit_id TEXT NOT NULL,
    url TEXT NOT NULL, sha256 TEXT NOT NULL, size INTEGER NOT NULL, processes TEXT NOT NULL, versions TEXT NOT NULL,
    config TEXT NOT NULL, created REAL NOT NULL, pusher TEXT NOT NULL, key TEXT NOT NULL, buildpack TEXT NOT NULL,
    stack TEXT NOT NULL, PRIMARY KEY (app, version));
INSERT INTO apps VALUES ('hello', 'refs/heads/main', 1.0);
INSERT INTO config_vars VALUES ('hello', 'A', 'b');
INSERT INTO builds VALUES (1, 'hello', 'refs/heads/main', '0', '1111111111111111111111111111111111111111', 'me',
    'SHA256:k', '', 'succeeded', '', 1, 1.0, 2.0, 3.0);
INSERT INTO builds VALUES (2, 'hello', 'refs/heads/main', '0', '2222222222222222222222222222222222222222', 'me',
    'SHA256:k', 'nocache', 'running', '', 1, 4.0, 5.0, NULL);
INSERT INTO releases VALUES ('hello', 1, 1, '1111111111111111111111111111111111111111', 'file:///slugs/hello/ab.tgz',
    'ab', 7, '{"web": "node ."}', '{"node": "22.1.0"}', '{"A": "b"}', 3.0, 'me', 'SHA256:k', 'node', 'cedar-12');
PRAGMA user_version = 1;
"""
"""A history as the first version made it, letter by letter, with a release and a build that was interrupted."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / 'builder' / 'history.db'


@pytest.fixture
def history(path: Path) -> Iterator[History]:
    with closing(History(path)) as opened:
        yield opened


def schema(path: Path) -> tuple[int, set[tuple[Any, ...]]]:
    with closing(sqlite3.connect(path)) as db:
        rows = db.execute("SELECT type, name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'")
        return db.execute('PRAGMA user_version').fetchone()[0], set(rows)


def test_a_history_of_the_first_version_goes_on_where_it_is(path: Path, tmp_path: Path) -> None:
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as db:
        db.execute('PRAGMA journal_mode=WAL')
        db.executescript(FIRST_SCHEMA)
    with closing(History(path)) as history, closing(History(tmp_path / 'new.db')):
        assert schema(path) == schema(tmp_path / 'new.db')
        assert (history.apps(), history.config(HELLO)) == ([HELLO], {'A': 'b'})
        (release,) = history.releases(HELLO)
        assert (release.commit, release.slug.sha256, release.slug.size) == (COMMIT, 'ab', 7)
        (interrupted,) = history.requeue_running()
        assert (interrupted.number, interrupted.push.options) == (2, {'nocache'})
        claimed = history.claim(retries=False)
        assert claimed
        again = history.record_release(claimed, replace(release, version=0, build=2), {})
        assert (again.version, history.current(HELLO)) == (2, again)
        history.change_allowed_paths(HELLO, ['/app/src/a'], ())
        history.mark_clean(HELLO, 'ab', 'rules')
        history.record_document(HELLO, 'ab', '.sbom.json', 'cd')
    with closing(History(path)) as history:
        assert (history.allowed_paths(HELLO), history.is_clean(HELLO, 'ab', 'rules')) == (
            ['/app/src/a'],
            True,
        )
        assert history.documents(HELLO, 'ab') == {'.sbom.json': 'cd'}
        assert len(history.releases(HELLO)) == 2


def test_an_upgrade_that_fails_changes_nothing(path: Path) -> None:
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as db:
        db.executescript(FIRST_SCHEMA)
        db.execute('CREATE TABLE documents (another TEXT)')
    before = schema(path)
    with pytest.raises(StateError, match='documents already exists'):
        History(path)
    assert schema(path) == before


def test_a_history_of_a_newer_version_is_left_alone(path: Path) -> None:
    History(path).close()
    with closing(sqlite3.connect(path)) as db:
        db.execute(f'PRAGMA user_version = {SCHEMA_VERSION + 1}')
    with pytest.raises(StateError, match='install a newer one'):
        History(path)


def test_the_first_schema_never_changes() -> None:
    assert FIRST_SCHEMA.startswith(SCHEMA)


def test_what_sqlite_says_is_an_error_of_the_state(history: History, path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        history._db.execute('PRAGMA busy_timeout = 10')
        other.execute('BEGIN IMMEDIATE')
        with pytest.raises(StateError, match=r'cannot write the history .*history.db: database is locked'):
            history.add_app(HELLO, 'refs/heads/main')
        other.execute('DROP TABLE apps')
        other.execute('COMMIT')
    with pytest.raises(StateError, match=r'cannot read the history .*no such table'):
        history.apps()


def test_a_worker_outlives_a_history_that_cannot_be_written_and_an_app_without_repository(
    history: History, path: Path, tmp_path: Path
) -> None:
    home, ended = Home(tmp_path), threading.Event()
    line = cast(Line, SimpleNamespace(history=history, home=home, limits=Limits()))
    queue = Queue(history, lambda: True)
    worker = Worker(queue, line, ended.set)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        build = queue.push(PUSH)
        history._db.execute('PRAGMA busy_timeout = 10')
        other.execute('BEGIN IMMEDIATE')
        worker.start()
        worker.join(0.3)
        assert worker.is_alive()
        other.execute('ROLLBACK')
    assert ended.wait(10)
    queue.close()
    worker.join(10)
    found = history.build(build.number)
    assert found and found.state is BuildState.FAILED
