"""The server of the registry: where it listens, and who is let in."""

import socket
from collections.abc import Iterator

import pytest

from gitreceive.access.book import AccessBook
from gitreceive.api.registry import Registry
from gitreceive.config.home import Home
from gitreceive.daemon.registry import RegistryServer, TokenReaders
from gitreceive.model.errors import RunError
from gitreceive.run.registry import OwnRegistry

HELLO_OF_TLS = bytes.fromhex('16030100f8010000f40303')


@pytest.fixture
def own() -> OwnRegistry:
    return OwnRegistry()


@pytest.fixture
def server(tmp_path, own: OwnRegistry) -> Iterator[RegistryServer]:
    readers = TokenReaders(AccessBook(Home(tmp_path).access_db), own)
    made = RegistryServer('127.0.0.1:0', Registry(None, readers, None))  # type: ignore[arg-type]
    made.start()
    yield made
    made.close()
    made.join(10)


def answer(server: RegistryServer, sent: bytes) -> bytes:
    host, _, port = server.own_address.rpartition(':')
    with socket.create_connection((host, int(port)), timeout=30) as connection:
        connection.sendall(sent)
        return connection.recv(100)


def test_it_listens_on_the_loopback_beside_the_address_of_the_settings(server: RegistryServer) -> None:
    assert server.own_address.startswith('127.0.0.1:')
    assert not server.own_address.endswith(':0')
    assert answer(server, b'GET /v2/ HTTP/1.0\r\n\r\n').startswith(b'HTTP/1.0 401')


def test_who_tries_tls_is_hung_up_on_at_once(server: RegistryServer) -> None:
    try:
        assert answer(server, HELLO_OF_TLS) == b''
    except ConnectionResetError:
        pass


def test_the_secret_of_this_process_reads_everything(tmp_path, own: OwnRegistry) -> None:
    readers = TokenReaders(AccessBook(Home(tmp_path).access_db), own)
    own.listening('127.0.0.1:1')
    access = own.access()
    actor = readers.reader(access.user, access.password)
    assert actor and actor.reaches('anything')
    assert readers.reader(access.user, '') is None
    assert readers.reader(access.user, OwnRegistry()._secret) is None


def test_a_registry_that_does_not_listen_is_an_error_in_the_end(
    own: OwnRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr('gitreceive.run.registry.OPENING_SECONDS', 0.01)
    with pytest.raises(RunError, match='does not listen'):
        own.access()
