"""Two small HTTP servers, for as long as a context lasts: a storage that takes PUTs, and a registry of npm packages."""

import json
import shutil
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote

from bench.errors import BenchError
from bench.packages import Package
from bench.processes import LOOPBACK

CHUNK = 1 << 20


@contextmanager
def storage(folder: Path) -> Iterator[str]:
    """The URL of a storage that puts what it is sent into ``folder``."""

    class Handler(_Quiet):
        def do_PUT(self) -> None:
            path = folder.joinpath(*[part for part in self.path.split('/') if part not in ('', '.', '..')])
            path.parent.mkdir(parents=True, exist_ok=True)
            left = int(self.headers['Content-Length'])
            with path.open('wb') as file:
                while left:
                    piece = self.rfile.read(min(left, CHUNK))
                    if not piece:
                        return
                    left -= file.write(piece)
            self.answer(201, b'', 'text/plain')

    with _serving(LOOPBACK, Handler) as url:
        yield url


@contextmanager
def registry(address: str, packages: Mapping[str, Package]) -> Iterator[str]:
    """The URL, at ``address``, where npm finds ``packages``. Raises BenchError if nothing can listen there."""

    class Handler(_Quiet):
        def do_GET(self) -> None:
            package = packages.get(unquote(self.path).removesuffix('.tgz').lstrip('/'))
            if package is None:
                self.answer(404, b'{}', 'application/json')
            elif self.path.endswith('.tgz'):
                self.send(package.file)
            else:
                url = f'http://{self.headers["Host"]}/{package.name}.tgz'
                self.answer(200, json.dumps(package.described(url)).encode(), 'application/json')

    with _serving(address, Handler) as url:
        yield url


class _Quiet(BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    rbufsize = CHUNK

    def answer(self, status: int, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header('Content-Type', kind)
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def send(self, file: Path) -> None:
        self.send_response(200)
        self.send_header('Content-Length', str(file.stat().st_size))
        self.end_headers()
        with file.open('rb') as stream:
            shutil.copyfileobj(stream, self.wfile, CHUNK)

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing: the table is what is read."""


@contextmanager
def _serving(address: str, handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    try:
        server = ThreadingHTTPServer((address, 0), handler)
    except OSError as error:
        raise BenchError(f'cannot listen on {address}: {error.strerror}') from error
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f'http://{address}:{server.server_address[1]}'
    finally:
        server.shutdown()
        server.server_close()
