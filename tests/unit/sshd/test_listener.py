"""Where the SSH server listens, and what is said if it cannot."""

import os
import socket
import threading

import pytest

from gitreceive.model.errors import AddressInUse, StateError
from gitreceive.sshd.listener import joined, listen


@pytest.fixture
def taken() -> socket.socket:
    listener = socket.socket()
    listener.bind(('127.0.0.1', 0))
    listener.listen()
    return listener


def test_who_has_the_port_is_told(taken: socket.socket) -> None:
    port = taken.getsockname()[1]
    with taken, pytest.raises(AddressInUse) as caught:
        listen('127.0.0.1', port, grace=0.1)
    assert f'cannot listen on 127.0.0.1:{port}: process {os.getpid()} (' in str(caught.value)
    assert 'listens there; stop it, or name another address with --listen' in str(caught.value)
    assert caught.value.exit_code == 14


def test_a_server_that_is_about_to_end_is_waited_for(taken: socket.socket) -> None:
    port = taken.getsockname()[1]
    threading.Timer(0.3, taken.close).start()
    with listen('127.0.0.1', port) as listener:
        assert listener.getsockname()[1] == port and not listener.getblocking()


@pytest.mark.parametrize('host', ['192.0.2.1', 'no-such-host.invalid', 'a' * 300, '..'])
def test_an_address_that_this_host_lacks_is_told(host: str) -> None:
    with pytest.raises(
        StateError, match='cannot listen on .* (setting ssh.listen)'.replace('(', r'\(').replace(')', r'\)')
    ):
        listen(host, 0)


def test_an_ipv6_address_has_brackets() -> None:
    assert joined('::1', 22) == '[::1]:22' and joined('127.0.0.1', 22) == '127.0.0.1:22'
