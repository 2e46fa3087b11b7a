"""A real HTTP server on 127.0.0.1 that keeps objects, and can be told to go wrong in the ways that servers do."""

import socket
import struct
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True, kw_only=True)
class Seen:
    """A request as it came: the method, the path with its query, the headers, and how many bytes of body."""

    method: str
    path: str
    headers: dict[str, str]
    length: int


class Handler(BaseHTTPRequestHandler):
    """Objects by path. A fault of the server is carried out instead of the answer."""

    protocol_version = 'HTTP/1.1'
    server: 'Server'

    def handle_any(self) -> None:
        fault = self.server.next_fault()
        if fault is not None and fault.early:
            self.note(0)
            self.close_connection = True
            fault.act(self)
            return
        body = self.rfile.read(int(self.headers.get('Content-Length') or 0))
        self.note(len(body))
        if fault is not None:
            fault.act(self)
        else:
            self.respond(body)

    def note(self, length: int) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.seen.append(Seen(method=self.command, path=self.path, headers=headers, length=length))

    def respond(self, body: bytes) -> None:
        path = self.path.partition('?')[0]
        if self.server.wants and self.headers.get('Authorization') != self.server.wants:
            self.answer(401, b'{"message": "who are you?"}')
        elif self.command == 'PUT':
            if 'Content-Length' not in self.headers:
                self.answer(411)
                return
            self.server.objects[path] = body
            self.answer(201, headers={'ETag': '"1"'})
        elif self.command == 'DELETE':
            self.answer(204 if self.server.objects.pop(path, None) is not None else 404)
        else:
            found = self.server.objects.get(path)
            self.answer(404, b'<html><h1>nothing here</h1></html>') if found is None else self.answer(
                200, found
            )

    def answer(self, status: int, body: bytes = b'', headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        if status != 204:
            self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        if self.command != 'HEAD':
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Keeps quiet."""


for method in ('GET', 'PUT', 'HEAD', 'DELETE', 'POST'):
    setattr(Handler, f'do_{method}', Handler.handle_any)


@dataclass(frozen=True, kw_only=True)
class Fault:
    """Something that goes wrong once; ``early``: before the body has been read."""

    act: Callable[[Handler], None]
    early: bool = False


class Server(ThreadingHTTPServer):
    """Keeps ``objects`` by path, notes what it has ``seen``, and carries out one of ``faults`` for each request."""

    daemon_threads = True

    def __init__(self, handler: type[Handler] = Handler) -> None:
        super().__init__(('127.0.0.1', 0), handler)
        self.objects: dict[str, bytes] = {}
        self.seen: list[Seen] = []
        self.faults: deque[Fault | None] = deque()
        self.wants = ''

    @property
    def address(self) -> str:
        return f'http://127.0.0.1:{self.server_port}'

    def next_fault(self) -> Fault | None:
        return self.faults.popleft() if self.faults else None

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that goes away is no news."""


@contextmanager
def running(server: Server) -> Iterator[Server]:
    thread = threading.Thread(target=server.serve_forever, kwargs={'poll_interval': 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def says(status: int, body: bytes = b'', **headers: str) -> Fault:
    """Reads the request, and answers with that status."""
    named = {name.replace('_', '-'): value for name, value in headers.items()}
    return Fault(act=lambda handler: handler.answer(status, body, named))


def says_at_once(status: int, body: bytes = b'') -> Fault:
    """Answers before it has read the body, and hangs up."""
    return Fault(act=lambda handler: handler.answer(status, body, {'Connection': 'close'}), early=True)


def resets() -> Fault:
    """Breaks the connection with a reset, in the middle of the request."""
    return Fault(act=_reset, early=True)


def continues_first(status: int) -> Fault:
    """Sends interim responses before the real one (RFC 9110 15.2)."""

    def act(handler: Handler) -> None:
        handler.wfile.write(b'HTTP/1.1 100 Continue\r\n\r\n' * 2)
        handler.answer(status)

    return Fault(act=act)


def truncates(body: bytes) -> Fault:
    """Promises a body, gives half of it, and hangs up."""

    def act(handler: Handler) -> None:
        handler.send_response(200)
        handler.send_header('Content-Length', str(len(body)))
        handler.end_headers()
        handler.wfile.write(body[: len(body) // 2])
        handler.close_connection = True

    return Fault(act=act)


def stalls(until: threading.Event) -> Fault:
    """Says nothing."""

    def act(handler: Handler) -> None:
        until.wait(30)
        handler.close_connection = True

    return Fault(act=act)


def takes_nothing(until: threading.Event) -> Fault:
    """Reads nothing of the body, and says nothing."""
    return replace(stalls(until), early=True)


def drips(body: bytes, until: threading.Event) -> Fault:
    """Gives a byte now and then, for ever if it is let."""

    def act(handler: Handler) -> None:
        handler.send_response(200)
        handler.send_header('Content-Length', str(len(body)))
        handler.end_headers()
        for number in range(len(body)):
            handler.wfile.write(body[number : number + 1])
            if until.wait(0.02):
                return

    return Fault(act=act)


def forgets() -> Fault:
    """Claims success, and has nothing."""
    return says(201)


def damages() -> Fault:
    """Claims success, and keeps something else."""

    def act(handler: Handler) -> None:
        handler.server.objects[handler.path.partition('?')[0]] = b'something else'
        handler.answer(201)

    return Fault(act=act)


def _reset(handler: Handler) -> None:
    linger = struct.pack('ii', 1, 0)
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    handler.connection.close()
