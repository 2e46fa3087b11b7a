import socket
import struct
import threading

import pytest

from gitreceive.sshd.guard import BANNER, PACKET, UNAUTHENTICATED_PACKET, Guard, LimitExceeded


@pytest.fixture
def ends():
    ours, theirs = socket.socketpair()
    ours.settimeout(1)
    with ours, theirs:
        yield Guard(ours), theirs


def test_a_line_and_what_comes_after_it_are_kept_apart(ends):
    guard, peer = ends
    peer.sendall(b'SSH-2.0-x\r\nabcdef')
    assert guard.readline(1) == 'SSH-2.0-x'
    assert guard.read_all(2) + guard.read_all(4) == b'abcdef'


def test_bytes_that_are_no_text_do_not_stop_a_line(ends):
    guard, peer = ends
    peer.sendall(b'SSH-2.0-\xff\n')
    assert guard.readline(1) == 'SSH-2.0-\ufffd'


@pytest.mark.parametrize('banner', [b'x' * (BANNER + 4096), b'HTTP/1.1 200 OK\r\n', b'\n'])
def test_what_is_no_identification_line_is_refused(ends, banner):
    guard, peer = ends
    peer.sendall(banner)
    with pytest.raises(LimitExceeded):
        guard.readline(1)


@pytest.mark.parametrize(('trusted', 'limit'), [(False, UNAUTHENTICATED_PACKET), (True, PACKET)])
def test_a_read_is_limited(ends, trusted, limit):
    guard, peer = ends
    guard.trusted = trusted
    threading.Thread(target=peer.sendall, args=(bytes(limit),)).start()
    assert len(guard.read_all(limit)) == limit
    for length in (limit + 1, 2**32 - 1, -1):
        with pytest.raises(LimitExceeded):
            guard.read_all(length)


def test_the_end_of_the_connection_is_told(ends):
    guard, peer = ends
    peer.sendall(b'abc')
    peer.close()
    with pytest.raises(EOFError):
        guard.read_all(4)


def test_so_many_packets_may_come_before_log_in(ends):
    guard, peer = ends
    guard.allow_packets(2)
    peer.sendall((struct.pack('>IB', 12, 4) + bytes([2]) + bytes(10)) * 3)
    assert [guard.read_message()[0] for _ in range(2)] == [2, 2]
    with pytest.raises(LimitExceeded, match='too many packets'):
        guard.read_message()


def test_the_clock_is_not_paramikos(ends):
    guard, _ = ends
    guard.start_handshake(0.0)
    guard.complete_handshake()
    assert not guard.handshake_timed_out()
