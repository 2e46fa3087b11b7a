"""No request is lost when the router is told of other instances: kept connections, GET and POST, HTTP/2, WebSockets."""

import http.client
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from socket import create_connection

import pytest
from websockets.exceptions import WebSocketException
from websockets.sync.client import ClientConnection, connect
from websockets.sync.server import Server, ServerConnection, serve

from gitreceive.adapters.haproxy.router import HaproxyRouter
from gitreceive.certificates.authority import OwnAuthority
from gitreceive.certificates.certificates import Certificates
from gitreceive.model.app import AppName
from gitreceive.model.route import Endpoint, Route
from tests.e2e.receiver import free_port
from tests.http_2 import Client
from tests.routed import Instance, Routed, routed
from tests.waiting import wait_until

HELLO, SOCKETS = AppName('hello'), AppName('sockets')
HOST = 'hello.localhost'
BODY = b'x' * 3000
SECONDS = 30.0
KEPT = 8
"""Clients of each protocol that keep their connections."""


@dataclass(slots=True)
class Tally:
    """What clients have seen; ``lost`` says why."""

    answered: Counter[str] = field(default_factory=Counter)
    lost: list[str] = field(default_factory=list)
    ended: threading.Event = field(default_factory=threading.Event)

    def ask_on(self, who: str, ask: Callable[[bool], str]) -> None:
        """Asks until the end, every other time by POST."""
        number = 0
        while not self.ended.is_set():
            number += 1
            try:
                answer = ask(bool(number % 2))
            except (OSError, http.client.HTTPException, WebSocketException) as error:
                self.lost.append(f'{who}: {type(error).__name__}: {error}')
                return
            if ' of v' not in answer:
                self.lost.append(f'{who}: {answer[:200]}')
            self.answered[who] += 1


@contextmanager
def asking(tally: Tally, who: str, ask: Callable[[bool], str]) -> Iterator[None]:
    thread = threading.Thread(target=tally.ask_on, args=(who, ask))
    thread.start()
    yield
    tally.ended.set()
    thread.join(SECONDS)
    assert not thread.is_alive(), who


def http_1(here: Routed) -> Callable[[bool], str]:
    """A client that keeps its connection, and sends nothing twice."""
    connection = http.client.HTTPConnection('127.0.0.1', here.port, timeout=SECONDS)

    def ask(post: bool) -> str:
        connection.request(
            'POST' if post else 'GET', '/', body=BODY if post else None, headers={'Host': HOST}
        )
        return connection.getresponse().read().decode()

    return ask


def http_2(here: Routed, trusted: Path) -> Callable[[bool], str]:
    client = Client(int(here.options.tls_listen.rpartition(':')[2]), HOST, trusted, SECONDS)

    def ask(post: bool) -> str:
        return client.ask('POST', BODY) if post else client.ask('GET')

    return ask


def web_socket(connection: ClientConnection) -> Callable[[bool], str]:
    def ask(post: bool) -> str:
        connection.send('ping' if post else 'pong')
        return str(connection.recv(SECONDS))

    return ask


class Echo:
    """An instance that speaks WebSocket only."""

    def __init__(self, release: int) -> None:
        self.server: Server = serve(self._answer, '127.0.0.1', 0)
        self.endpoint = Endpoint('web.1', release, '127.0.0.1', self.server.socket.getsockname()[1])
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def _answer(self, connection: ServerConnection) -> None:
        for message in connection:
            connection.send(f'{message} of v{self.endpoint.release}')


@contextmanager
def secured(folder: Path) -> Iterator[tuple[Routed, Path]]:
    kept = Certificates(folder / 'certificates', OwnAuthority(folder / 'ca.pem', 'tests'))
    trusted = folder / 'trusted.pem'
    trusted.write_text(kept.authority())

    def bundle(app: AppName | None, host: str) -> str:
        return kept.served(app, host)[1].bundle

    with routed(folder / 'router', bundle, tls_listen=f'127.0.0.1:{free_port()}') as here:
        yield here, trusted


def replaced(router: HaproxyRouter, old: list[Instance], new: list[Instance]) -> None:
    """What a rollout does: the router is told, and the old ones go when they have no requests."""
    router.apply(Route(app=HELLO, endpoints=tuple(each.endpoint for each in new)))
    for each in old:
        wait_until(lambda one=each: not router.busy(HELLO, one.endpoint), SECONDS, 'its requests have ended')
        each.shutdown()
        each.server_close()


@pytest.mark.parametrize(
    ('switches', 'sockets'), [(8, 4), pytest.param(100, 50, marks=pytest.mark.slow)], ids=['few', 'many']
)
def test_no_request_is_lost(tmp_path: Path, switches: int, sockets: int) -> None:
    tally = Tally()
    with secured(tmp_path) as (here, trusted), ExitStack() as stack:
        running = [here.instance(1)]
        here.router.begin([Route(app=HELLO, endpoints=(running[0].endpoint,))])
        echoes = [Echo(1)]
        here.router.apply(Route(app=SOCKETS, endpoints=(echoes[0].endpoint,)))
        for number in range(KEPT):
            stack.enter_context(asking(tally, f'HTTP/1.1 {number}', http_1(here)))
            stack.enter_context(asking(tally, f'HTTP/2 {number}', http_2(here, trusted)))
        for number in range(sockets):
            tunnel = create_connection(('127.0.0.1', here.port))
            connection = stack.enter_context(connect('ws://sockets.localhost/', sock=tunnel))
            stack.enter_context(asking(tally, f'WebSocket {number}', web_socket(connection)))
        for number in range(2, switches + 2):
            count = 1 + number % 3  # a deploy, a scaling, a rollback are the same to the router
            following = [here.instance(number, f'web.{each}') for each in range(1, count + 1)]
            replaced(here.router, running, following)
            running = following
            if number % 4 == 0:
                echoes.append(Echo(number))
                here.router.apply(Route(app=SOCKETS, endpoints=(echoes[-1].endpoint,)))
            if number % 8 == 3:
                here.router.apply(Route(app=AppName(f'new-{number}'), endpoints=(running[0].endpoint,)))
        assert here.router.busy(SOCKETS, echoes[0].endpoint)
        tally.ended.set()
    assert tally.lost == []
    assert len(tally.answered) == 2 * KEPT + sockets
    assert min(tally.answered.values()) > switches / 2
