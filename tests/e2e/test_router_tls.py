"""HTTPS to apps that were pushed: the receiver's own authority, certificates of one's own, the redirect."""

import ssl
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from gitreceive.certificates.authority import OwnAuthority
from tests.e2e.receiver import Pusher, free_port, make_app
from tests.e2e.running import APP, RunningReceiver

pytestmark = [pytest.mark.alone, pytest.mark.slow]


def test_an_app_is_reached_over_https(receivers: Callable[..., Pusher], tmp_path: Path) -> None:
    port = free_port()
    around = {'GITRECEIVE_ROUTER_TLS_LISTEN': f'127.0.0.1:{port}', 'GITRECEIVE_ROUTER_REDIRECT': 'true'}
    ann = receivers(tmp_path / 'receiver', RunningReceiver, **around)
    receiver = ann.receiver
    assert isinstance(receiver, RunningReceiver)
    receiver.start()
    pushed = ann.push(make_app(tmp_path / 'work', APP), 'hello')
    assert pushed.status == 0, pushed.err
    assert f'https://hello.localhost:{port}' in pushed.err
    assert receiver.get('hello', '/a')[0] == 308
    own = receiver.host('certs', 'ca').out
    assert get(port, 'hello.localhost', own).startswith('one')

    assert ann.ssh('domains', 'add', 'hello', 'www.example.com').status == 0
    assert get(port, 'www.example.com', own).startswith('one')
    other = OwnAuthority(tmp_path / 'ca.pem', 'somebody else')
    given = other.issue('www.example.com')
    added = receiver.host('certs', 'add', 'hello', '--file', '-', given=given.bundle.encode())
    assert added.status == 0, added.err
    assert get(port, 'www.example.com', other.certificate).startswith('one')
    assert get(port, 'hello.localhost', own).startswith('one')

    wrong = receiver.host('certs', 'add', 'hello', '--file', '-', given=other.issue('a.b').bundle.encode())
    assert wrong.status == 104
    assert 'the certificate is for a.b' in wrong.err
    assert get(port, 'www.example.com', other.certificate).startswith('one')

    assert receiver.host('certs', 'remove', 'hello').status == 0
    assert get(port, 'www.example.com', own).startswith('one')


def get(port: int, host: str, authority: str) -> str:
    """An answer to a client that trusts this authority and no other."""
    with httpx.Client(verify=ssl.create_default_context(cadata=authority), timeout=20, http2=True) as client:
        return client.get(
            f'https://127.0.0.1:{port}/', headers={'Host': host}, extensions={'sni_hostname': host}
        ).text
