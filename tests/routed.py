"""HAProxy in front of small servers, for tests of the router."""

import http.client
import http.server
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from gitreceive.adapters.haproxy.options import RouterOptions
from gitreceive.adapters.haproxy.router import HaproxyRouter
from gitreceive.adapters.haproxy.tls import Bundles, no_certificate
from gitreceive.model.route import Endpoint
from tests.e2e.receiver import free_port

PAGES = {
    'No such app': 'unknown',
    'App is down': 'down',
    'Maintenance': 'maintenance',
    'Too many requests': 'busy',
}
WAITS = '/wait'
SECONDS = 30.0


@dataclass(slots=True)
class Seen:
    """What a server was sent: the headers of the last request."""

    headers: Mapping[str, str] = field(default_factory=dict)
    path: str = ''


class Instance(http.server.ThreadingHTTPServer):
    """Answers with its name. A request of ``/wait`` is answered when ``go`` is set."""

    daemon_threads = True
    request_queue_size = 512

    def __init__(self, name: str, release: int) -> None:
        super().__init__(('127.0.0.1', 0), _Handler)
        self.endpoint = Endpoint(instance=name, release=release, address='127.0.0.1', port=self.server_port)
        self.go, self.seen, self.waiting = threading.Event(), Seen(), threading.Semaphore(0)
        self.answered = 0
        self.body = b''

    @property
    def answer(self) -> str:
        return f'{self.endpoint.instance} of v{self.endpoint.release}'


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    server: Instance

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get('Content-Length', '0')))
        self.server.seen = Seen(dict(self.headers.items()), self.path)
        if self.path.startswith(WAITS):
            self.server.waiting.release()
            assert self.server.go.wait(SECONDS)
        body = self.server.body or self.server.answer.encode()
        self.server.answered += 1
        self.send_response(200)
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        self.do_GET()

    def log_message(self, *arguments: object) -> None:
        pass


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: str

    @property
    def page(self) -> str:
        """Which page of the router's own it is; empty if it is none."""
        return next((name for title, name in PAGES.items() if f'<h1>{title}</h1>' in self.body), '')


@dataclass(slots=True)
class Routed:
    """A router, and how to ask it. ``make`` gives another router of the same folder, as the next daemon has it."""

    options: RouterOptions
    router: HaproxyRouter
    bundles: Bundles
    instances: list[Instance] = field(default_factory=list)

    @property
    def port(self) -> int:
        return int(self.options.listen.rpartition(':')[2])

    def instance(self, release: int = 1, name: str = 'web.1') -> Instance:
        """A process that answers."""
        made = Instance(name, release)
        threading.Thread(target=made.serve_forever, args=(0.01,), daemon=True).start()
        self.instances.append(made)
        return made

    def get(self, host: str, path: str = '/', **headers: str) -> Answer:
        sent = {'Host': host, **{name.replace('_', '-'): value for name, value in headers.items()}}
        connection = http.client.HTTPConnection('127.0.0.1', self.port, timeout=SECONDS)
        try:
            connection.request('GET', path, headers=sent)
            answer = connection.getresponse()
            return Answer(
                answer.status,
                {name.lower(): value for name, value in answer.headers.items()},
                answer.read().decode('utf-8', 'replace'),
            )
        finally:
            connection.close()

    def ask(self, host: str, path: str = '/') -> str:
        """The text of an answer, or which page of the router came."""
        answer = self.get(host, path)
        return answer.page or answer.body

    def next_daemon(self, **changed: object) -> HaproxyRouter:
        """The router as the next daemon has it, which knows what lies in the folder."""
        self.options = replace(self.options, **changed)  # type: ignore[arg-type]
        self.router = HaproxyRouter(self.options, bundles=self.bundles)
        return self.router

    def end(self) -> None:
        self.router.stop()
        for each in self.instances:
            each.go.set()
            each.shutdown()
            each.server_close()


@contextmanager
def routed(folder: Path, bundles: Bundles = no_certificate, **options: object) -> Iterator[Routed]:
    """A router on a port of its own, without apps; ended with the context."""
    found = RouterOptions(folder=folder, listen=f'127.0.0.1:{free_port()}', **options)  # type: ignore[arg-type]
    made = Routed(found, HaproxyRouter(found, bundles=bundles), bundles)
    try:
        yield made
    finally:
        made.end()
