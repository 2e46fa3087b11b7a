"""Whatever an asker sends, in whatever order, is a request, input for it, or refused; and who reads nothing holds nobody up."""

import os
import socket
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitreceive.daemon import conversation as conversations
from gitreceive.daemon.conversation import AskerGone, Conversation
from gitreceive.daemon.socket import Answering
from gitreceive.grammar.wire import (
    INPUT,
    INPUT_END,
    KINDS,
    REQUEST,
    REQUEST_PART,
    BrokenFrame,
    End,
    Frame,
    ask,
)
from tests.daemon_socket import listening, said

frames = st.lists(st.builds(Frame, st.sampled_from(sorted(KINDS)), st.binary(max_size=20)), max_size=12)


@given(frames)
def test_any_frames_are_a_request_with_input_or_are_refused(sent: list[Frame]) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        conversation = Conversation(ours, os.geteuid())
        before = [frame.kind for frame in sent]
        before = before[: before.index(REQUEST)] if REQUEST in before else before
        try:
            begun = [conversation.feed(frame.packed) for frame in sent]
        except BrokenFrame:
            assert set(before) - {REQUEST_PART}
            return
        assert not set(before) - {REQUEST_PART}
        assert sum(begun) == (REQUEST in {frame.kind for frame in sent})
        assert bool(conversation.fields) == any(begun)


def test_input_is_bounded_and_may_be_cut_short() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        conversation = Conversation(ours, os.geteuid())
        conversation.feed(Frame(REQUEST, b'verb').packed)
        for _ in range(3):
            conversation.feed(Frame(INPUT, b'x' * 100).packed)
        assert conversation.read_input(150) == b'x' * 151
        conversation.feed(Frame(INPUT_END).packed)
        assert conversation.read_input(150) == b'x' * 100
        conversation.hang_up()
        with pytest.raises(AskerGone):
            conversation.read_input(1)
        with pytest.raises(AskerGone):
            conversation.send(Frame(INPUT))


def test_an_asker_that_reads_nothing_is_given_up_and_holds_nobody_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conversations, 'SEND_SECONDS', 0.5)
    ended = threading.Event()

    def pour(conversation: Conversation) -> Answering:
        if conversation.fields[-1] != 'logs':
            yield b'served'
            return End(0)
        try:
            while True:
                yield bytes(100_000)
        finally:
            ended.set()

    path = tmp_path / 'daemon.sock'
    with listening(path, pour):
        stuck = [ask(path, ['verb', 'SHA256:x', 'logs']) for _ in range(5)]
        assert said(ask(path, ['verb', 'SHA256:y', 'apps'])) == b'served'
        assert ended.wait(10)
        for answer in stuck:
            answer.close()
