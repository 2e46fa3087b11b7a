"""What the SSH server gives peers that do not behave, in this process, with bounds that are quickly reached."""

import errno
import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import paramiko
import pytest
from paramiko.common import (
    cMSG_CHANNEL_EXTENDED_DATA,
    cMSG_CHANNEL_FAILURE,
    cMSG_CHANNEL_REQUEST,
    cMSG_CHANNEL_WINDOW_ADJUST,
    cMSG_DEBUG,
    cMSG_EXT_INFO,
    cMSG_GLOBAL_REQUEST,
    cMSG_IGNORE,
    cMSG_USERAUTH_INFO_RESPONSE,
    cMSG_USERAUTH_REQUEST,
)

from gitreceive.access.book import AccessBook
from gitreceive.model.errors import StateError
from gitreceive.sshd.connection import Connection
from gitreceive.sshd.limits import ServerLimits
from tests.e2e.sshd.attacker import Peer, closed_within, connect, kexinit, read_banner
from tests.unit.sshd.serving import Serving, serving
from tests.waiting import wait_until

BANNER = b'SSH-2.0-someone\r\n'
SOON = 30.0
Start = Callable[..., Serving]


@pytest.fixture
def start(tmp_path: Path, key: Path) -> Iterator[Start]:
    """Starts a server with such limits."""
    with ExitStack() as stack:

        def starting(lifeline: int | None = None, **limits: float) -> Serving:
            given = ServerLimits(**limits)  # type: ignore[arg-type]
            return stack.enter_context(serving(tmp_path, key, given, lifeline))

        yield starting


@contextmanager
def logged_in(server: Serving, key: Path) -> Iterator[Peer]:
    with Peer(server) as peer:
        peer.log_in(key)
        yield peer


def is_told(server: Serving, *words: str) -> None:
    """Waits for a line of the log."""
    wait_until(lambda: server.logged(*words), SOON, f'a line with {words}')


def test_who_does_not_log_in_in_time_is_ended_and_the_next_of_that_address_is_let_in(start: Start) -> None:
    server = start(login_seconds=1, unauthenticated_of_address=1, waiting_of_address=1)
    with connect(server) as first, connect(server) as second, connect(server) as third:
        assert closed_within(third, SOON)
        is_told(server, 'refused', 'too many that have not logged in')
        assert read_banner(first).startswith(b'SSH-2.0-gitreceive')
        assert closed_within(first, SOON)
        assert closed_within(second, SOON)
    is_told(server, 'connection', 'not logged in after 1 s')


def test_who_waited_too_long_for_a_place_is_turned_away(start: Start) -> None:
    server = start(login_seconds=60, unauthenticated_of_address=1)
    with connect(server) as first, connect(server) as second:
        assert read_banner(first)
        wait_until(lambda: len(server.server._waiting) == 1, SOON, 'somebody waits')
        (waiting,) = server.server._waiting
        server.server._let_in(waiting.deadline)
        assert closed_within(second, SOON)
    is_told(server, 'refused', 'waited too long')


def test_who_does_nothing_after_log_in_is_ended(start: Start, key: Path) -> None:
    server = start(idle_seconds=0.2)
    with logged_in(server, key) as peer:
        assert peer.ends_within(SOON)
    is_told(server, 'connection', 'idle for 0.2 s')


def test_the_server_ends_with_the_process_that_supervises_it(start: Start) -> None:
    read, write = os.pipe()
    server = start(lifeline=read)
    os.close(write)
    server.thread.join(SOON)
    is_told(server, 'stopped')
    os.close(read)


@pytest.mark.parametrize('number', [errno.EMFILE, errno.ECONNABORTED])
def test_a_connection_that_cannot_be_accepted_is_no_end(
    start: Start, key: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    server = start()
    listener = server.server._listener
    failures = [OSError(number, os.strerror(number))]

    class Failing:
        """Fails once."""

        def accept(self) -> tuple[socket.socket, tuple[str, int]]:
            if failures:
                raise failures.pop()
            return listener.accept()

        def __getattr__(self, name: str) -> object:
            return getattr(listener, name)

    monkeypatch.setattr(server.server, '_listener', Failing())
    if number == errno.EMFILE:
        with connect(server) as first:
            assert closed_within(first, SOON)
        is_told(server, 'error', 'out of file descriptors')
    with logged_in(server, key) as peer:
        assert peer.transport.is_active()


@pytest.mark.parametrize('error', [RuntimeError("can't start new thread"), OSError('no room')])
def test_a_connection_for_which_there_is_no_room_is_closed(
    start: Start, key: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    server = start()

    def no_room(*_: object) -> None:
        raise error

    with monkeypatch.context() as patched:
        name = 'gitreceive.sshd.server._prepare' if isinstance(error, OSError) else ''
        patched.setattr(name, no_room) if name else patched.setattr(Connection, 'start', no_room)
        with connect(server) as first:
            assert closed_within(first, SOON)
    if isinstance(error, RuntimeError):
        is_told(server, 'error', 'no more threads')
    with logged_in(server, key) as peer:
        assert peer.transport.is_active()


def test_a_session_for_which_there_is_no_room_ends_its_connection(
    start: Start, key: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = start()

    def no_room(*_: object) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr('gitreceive.sshd.session.Session.start', no_room)
    with logged_in(server, key) as peer:
        peer.transport.open_session().exec_command('help')
        assert peer.ends_within(SOON)
    is_told(server, 'error', 'cannot serve a session')


def test_what_no_thread_expects_is_a_line_of_the_log(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    server = start()
    monkeypatch.setattr(threading, 'excepthook', server.server.report)
    thread = threading.Thread(target=lambda: 1 // 0)
    thread.start()
    thread.join()
    is_told(server, 'error', 'ZeroDivisionError', 'test_bounds.py')


def test_keys_that_cannot_be_looked_up_open_nothing(
    start: Start, key: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = start()

    def unreadable(book: AccessBook, blob: bytes) -> None:
        raise StateError('the access database cannot be read')

    monkeypatch.setattr(AccessBook, 'find', unreadable)
    with pytest.raises(paramiko.AuthenticationException), logged_in(server, key):
        pass
    is_told(server, 'error', 'the access database cannot be read')


def too_many_global_requests(peer: Peer) -> None:
    for _ in range(200):
        peer.send(cMSG_GLOBAL_REQUEST, 'keepalive@openssh.com', False)


def too_many_channels(peer: Peer) -> None:
    for _ in range(200):
        with pytest.raises((paramiko.SSHException, EOFError)):
            peer.transport.open_channel('nonsense', timeout=SOON)
        if not peer.transport.is_active():
            return


def too_many_requests(peer: Peer) -> None:
    channel = peer.transport.open_session()
    for _ in range(200):
        peer.send(cMSG_CHANNEL_REQUEST, channel.remote_chanid, 'nonsense', False)


def errors_of_a_client(peer: Peer) -> None:
    channel = peer.transport.open_session()
    peer.send(cMSG_CHANNEL_EXTENDED_DATA, channel.remote_chanid, 1, b'data')


def a_second_log_in(peer: Peer) -> None:
    peer.send(cMSG_USERAUTH_REQUEST, 'root', 'ssh-connection', 'none')


def too_large_a_packet(peer: Peer) -> None:
    peer.send(cMSG_IGNORE, bytes(300_000))


@pytest.mark.parametrize(
    ('misbehave', 'told'),
    [
        (too_many_global_requests, 'too many global requests'),
        (too_many_channels, 'too many refused channels'),
        (too_many_requests, 'too many requests on a channel'),
        (errors_of_a_client, 'data on a stream that only a server has'),
        (too_large_a_packet, 'a packet is too large'),
        (a_second_log_in, ''),
    ],
)
def test_who_goes_over_a_bound_after_log_in_is_ended_and_it_is_told_why(
    start: Start, key: Path, misbehave: Callable[[Peer], None], told: str
) -> None:
    server = start(idle_seconds=2)
    with logged_in(server, key) as peer:
        try:
            misbehave(peer)
        except (EOFError, OSError, paramiko.SSHException):
            pass  # the connection ended while it was at it
        assert peer.ends_within(SOON)
    is_told(server, '"event": "connection"', told)


def test_what_means_nothing_is_left_alone(start: Start, key: Path) -> None:
    server = start()
    with logged_in(server, key) as peer:
        peer.send(cMSG_DEBUG, True, b'words', b'en')
        peer.send(cMSG_EXT_INFO, 2**31)
        channel = peer.transport.open_session()
        channel.get_pty(width=80, height=24)
        channel.resize_pty(width=100, height=30)
        peer.send(cMSG_CHANNEL_FAILURE, channel.remote_chanid)
        peer.send(cMSG_CHANNEL_WINDOW_ADJUST, channel.remote_chanid, 10)
        channel.exec_command('help')
        assert b'git push' in channel.recv(100_000)


def before_log_in(server: Serving, *pieces: bytes) -> None:
    """What comes before any log-in, and ends the connection."""
    with connect(server) as sock:
        try:
            for piece in pieces:
                sock.sendall(piece)
        except OSError:
            pass  # it was ended before the last
        assert closed_within(sock, SOON)


@pytest.mark.parametrize(
    ('pieces', 'told'),
    [
        ([b'GET / HTTP/1.0\r\n\r\n'], 'does not speak SSH'),
        ([b'SSH-2.0-' + b'x' * 20_000], 'identification line is too long'),
        ([BANNER, b'\x00\xff\xff\xfc' + bytes(100)], 'a packet is too large'),
        ([BANNER, kexinit(*[b'none'] * 10)], 'no common key exchange: the client has none'),
    ],
)
def test_what_comes_before_log_in_is_ended_with_the_reason_in_the_log(
    start: Start, pieces: list[bytes], told: str
) -> None:
    server = start(login_seconds=5)
    before_log_in(server, *pieces)
    is_told(server, '"event": "connection"', told)


def test_a_second_key_exchange_before_log_in_ends_it(start: Start) -> None:
    server = start()
    with Peer(server) as peer:
        peer.transport._send_kex_init()
        assert peer.ends_within(SOON)
    is_told(server, 'a second key exchange before log-in')


def test_too_many_packets_before_log_in_end_it(start: Start) -> None:
    server = start()
    with Peer(server) as peer:
        try:
            for _ in range(200):
                peer.send(cMSG_IGNORE, b'')
        except (EOFError, OSError, paramiko.SSHException):
            pass
        assert peer.ends_within(SOON)
    is_told(server, 'too many packets before log-in')


def test_only_so_many_tries_to_log_in_are_given(start: Start) -> None:
    server = start(tries=3)
    with Peer(server) as peer:
        peer.ask_for_authentication()
        peer.send(cMSG_USERAUTH_INFO_RESPONSE, 2**31)
        assert peer.answers.next() == 'failure'
        assert peer.offer('sk-ssh-ed25519@openssh.com', b'damaged') == 'failure'
        peer.send(cMSG_USERAUTH_REQUEST, 'git', 'ssh-connection', 'publickey', False, 'ssh-ed25519', b'?')
        assert peer.ends_within(SOON)
    is_told(server, 'too many failed tries to log in')
