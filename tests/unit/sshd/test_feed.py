import os
import socket
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gitreceive.sshd.feed import Feed
from gitreceive.sshd.guard import LimitExceeded


def read_all(sock: socket.socket) -> bytes:
    sock.settimeout(5)
    data = b''
    while piece := sock.recv(65536):
        data += piece
    return data


@settings(max_examples=30)
@given(st.lists(st.binary(max_size=100_000), max_size=20), st.integers(0, 20))
def test_everything_arrives_in_order_and_is_granted_again(pieces, connect_at):
    ours, theirs = socket.socketpair()
    feed, got = Feed(2**21), []
    reader = threading.Thread(target=lambda: got.append(read_all(theirs)))
    reader.start()
    granted = 0
    for at, piece in enumerate([*pieces, None]):
        if at == min(connect_at, len(pieces)):
            feed.connect(ours)
        if piece is None:
            feed.end()
        else:
            feed.take(piece)
            granted += feed.due()
    while feed.drain():
        os.sched_yield()
    reader.join(5)
    theirs.close()
    total = sum(map(len, pieces))
    assert got == [b''.join(pieces)]
    assert total - 2**18 <= granted + feed.due() <= total


def test_more_than_the_window_is_refused():
    feed = Feed(1000)
    feed.take(bytes(1000))
    with pytest.raises(LimitExceeded):
        feed.take(b'x')


def test_nothing_is_granted_that_was_not_taken():
    feed = Feed(1000)
    feed.take(bytes(1000))
    assert feed.due() == 0


def test_a_reader_that_has_gone_takes_everything():
    ours, theirs = socket.socketpair()
    feed = Feed(100_000)
    feed.connect(ours)
    theirs.close()
    for _ in range(10):
        assert feed.take(bytes(50_000))
        assert feed.due() == 50_000


def test_the_end_closes_the_input_only_after_all_data():
    ours, theirs = socket.socketpair()
    feed = Feed(10_000_000)
    feed.connect(ours)
    assert feed.take(bytes(5_000_000))
    feed.end()
    assert ours.fileno() >= 0
    reader = threading.Thread(target=read_all, args=(theirs,))
    reader.start()
    while feed.drain():
        os.sched_yield()
    assert ours.fileno() < 0
    reader.join(5)
    theirs.close()


def test_an_empty_piece_is_nothing():
    ours, theirs = socket.socketpair()
    feed = Feed(1000)
    feed.take(b'')
    feed.connect(ours)
    assert not feed.take(b'')
    assert not feed.drain()
    ours.close()
    theirs.close()
