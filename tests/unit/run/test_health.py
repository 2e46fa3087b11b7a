"""Whether an instance is up is asked from outside, by real connections."""

import socket
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from gitreceive.model.instance import Instance, InstanceName, InstanceState
from gitreceive.model.needs import Check
from gitreceive.run import health
from gitreceive.run.health import NOBODY, refused, why_not_up
from tests.running import HELLO


class Handler(BaseHTTPRequestHandler):
    """``/ok``, ``/moved``, ``/broken``; ``/slow`` never answers. Says by which name it was asked."""

    def do_GET(self) -> None:
        if self.path == '/slow':
            self.server.over.wait(20)  # type: ignore[attr-defined]
            return
        self.send_response({'/ok': 200, '/moved': 302}.get(self.path, 500))
        self.end_headers()
        self.wfile.write(f'I am up, {self.headers["Host"]}'.encode())

    def log_message(self, *words: object) -> None:
        pass


@pytest.fixture
def port() -> Iterator[int]:
    with ThreadingHTTPServer(('127.0.0.1', 0), Handler) as server:
        server.over = threading.Event()  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_address[1]
        server.over.set()  # type: ignore[attr-defined]
        server.shutdown()
        thread.join()


def instance(port: int) -> Instance:
    return Instance(
        id='1',
        app=HELLO,
        release=1,
        name=InstanceName('web', 1),
        state=InstanceState.STARTING,
        since=0.0,
        address='127.0.0.1',
        port=port,
    )


def test_something_that_listens_is_up(port: int) -> None:
    assert refused(instance(port), Check()) == ''


def test_nobody_who_listens_is_not() -> None:
    with closing(socket.create_server(('127.0.0.1', 0))) as server:
        free = server.getsockname()[1]
    assert refused(instance(free), Check()) == refused(instance(free), Check(path='/ok')) == NOBODY


@pytest.mark.parametrize('loopback', ['127.', 'none'])
def test_what_forwards_to_nobody_and_hangs_up_is_not_up(
    monkeypatch: pytest.MonkeyPatch, loopback: str
) -> None:
    monkeypatch.setattr(health, 'LOOPBACK', loopback)
    monkeypatch.setattr(health, 'SILENT_SECONDS', 10.0)
    with closing(socket.create_server(('127.0.0.1', 0))) as server:

        def forward() -> None:
            server.accept()[0].close()

        thread = threading.Thread(target=forward)
        thread.start()
        found = refused(instance(server.getsockname()[1]), Check())
        thread.join()
    assert found == (NOBODY if loopback == '127.' else '')


@pytest.mark.parametrize(
    ('check', 'told'),
    [
        (Check(path='/ok'), ''),
        (Check(path='/moved'), ''),
        (Check(path='/broken'), 'GET /broken is answered with 500'),
        (Check(path='/ok', content='I am up'), ''),
        (Check(path='/ok', content='ready'), "GET /ok is answered without 'ready'"),
        (Check(path='/ok', content='up, example.test', headers={'Host': 'example.test'}), ''),
        (Check(path='/slow', timeout=0.05), 'GET /slow is not answered (timed out)'),
    ],
)
def test_a_check_of_a_path_asks_by_http(port: int, check: Check, told: str) -> None:
    assert refused(instance(port), check) == told


def test_what_has_lived_long_enough_is_up() -> None:
    nowhere = replace(instance(1), address='')
    assert why_not_up(nowhere, Check(uptime=3.0), 2.5) == 'it has not lived 3 s'
    assert why_not_up(nowhere, Check(uptime=3.0), 3.0) == ''


def test_other_checks_are_asked_whatever_time_has_passed(port: int) -> None:
    assert why_not_up(instance(port), Check(path='/broken'), 100.0) == 'GET /broken is answered with 500'
