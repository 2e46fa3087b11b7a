"""The registry over HTTP: who is let in, what is served, and where it cannot listen."""

import base64
import hashlib
import http.client
import json
import socket
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from gitreceive.access.book import AccessBook
from gitreceive.access.publickeys import read_public_keys
from gitreceive.config.settings import RegistrySettings, Settings
from gitreceive.daemon.registry import RegistryServer, open_registry
from gitreceive.model.errors import AddressInUse, StateError
from gitreceive.run.registry import OwnRegistry
from tests.chunk_cache import ChunkCache
from tests.e2e.sshd.sshd_process import make_key
from tests.fakes_registry import FakeBaseImages

Answer = tuple[int, bytes]


class Client:
    """Asks the registry, as somebody."""

    def __init__(self, port: int, password: str) -> None:
        self._port, self._password = port, password

    def get(self, path: str) -> Answer:
        with closing(http.client.HTTPConnection('127.0.0.1', self._port, timeout=30)) as connection:
            words = base64.b64encode(f'ann:{self._password}'.encode()).decode()
            connection.request('GET', path, headers={'Authorization': f'Basic {words}'})
            answer = connection.getresponse()
            return answer.status, answer.read()


@pytest.fixture
def free() -> int:
    """A port of this host."""
    with closing(socket.create_server(('127.0.0.1', 0))) as server:
        return int(server.getsockname()[1])


@pytest.fixture
def settings(kept: ChunkCache, free: int) -> Settings:
    return Settings(home=kept.home.root, registry=RegistrySettings(listen=f'127.0.0.1:{free}'))


def opened(kept: ChunkCache, settings: Settings) -> RegistryServer:
    return open_registry(settings, kept.retention, FakeBaseImages({'cedar-12': [b'root']}), OwnRegistry())


@pytest.fixture
def registry(kept: ChunkCache, settings: Settings) -> Iterator[RegistryServer]:
    made = opened(kept, settings)
    made.start()
    yield made
    made.close()
    made.join(30)


@pytest.fixture
def token(kept: ChunkCache, tmp_path: Path) -> str:
    """Of somebody who may reach the app hello."""
    public = Path(f'{make_key(tmp_path / "ann")}.pub')
    book = AccessBook(kept.home.access_db)
    book.add('ann', read_public_keys(public.read_bytes(), str(public)), frozenset({'hello'}))
    return book.add_token('ann')


def test_a_release_is_pulled_with_a_token(
    kept: ChunkCache, registry: RegistryServer, free: int, token: str
) -> None:
    kept.release({'src/app': b'one'})
    client = Client(free, token)
    status, manifest = client.get('/v2/hello/manifests/v1')
    assert status == 200
    for layer in json.loads(manifest)['layers']:
        status, blob = client.get(f'/v2/hello/blobs/{layer["digest"]}')
        assert (status, f'sha256:{hashlib.sha256(blob).hexdigest()}') == (200, layer['digest'])
    assert client.get('/v2/other/manifests/v1')[0] in (401, 403, 404)


def test_whoever_has_no_token_is_let_into_nothing(registry: RegistryServer, free: int) -> None:
    for path in ('/v2/', '/v2/hello/manifests/v1'):
        assert Client(free, 'guessed').get(path)[0] == 401


def test_a_port_that_is_taken_is_told_with_who_has_it(
    kept: ChunkCache, settings: Settings, free: int
) -> None:
    with closing(socket.create_server(('127.0.0.1', free))):
        with pytest.raises(AddressInUse, match=rf'cannot listen on 127\.0\.0\.1:{free}: .* listens there'):
            opened(kept, settings)


def test_an_address_of_no_interface_is_told(kept: ChunkCache, settings: Settings) -> None:
    elsewhere = replace(settings, registry=RegistrySettings(listen='192.0.2.1:5000'))
    with pytest.raises(StateError, match=r'cannot listen on 192\.0\.2\.1:5000'):
        opened(kept, elsewhere)
