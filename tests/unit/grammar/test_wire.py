"""Frames: whatever is sent, in whatever pieces it comes, is read as it was sent; anything else is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitreceive.grammar.wire import (
    HEADER,
    KINDS,
    MAX_PAYLOAD,
    BrokenFrame,
    End,
    Frame,
    FrameReader,
    read_end,
    request_fields,
    request_frames,
)

frames = st.lists(st.builds(Frame, st.sampled_from(sorted(KINDS)), st.binary(max_size=200)), max_size=8)


@given(frames, st.lists(st.integers(1, 50), min_size=1))
def test_frames_are_read_as_they_were_sent_in_whatever_pieces_they_come(
    sent: list[Frame], sizes: list[int]
) -> None:
    data, reader, found = b''.join(frame.packed for frame in sent), FrameReader(), []
    at, step = 0, 0
    while at < len(data):
        size = sizes[step % len(sizes)]
        found += reader.feed(data[at : at + size])
        at, step = at + size, step + 1
    assert found == sent


@given(st.binary(max_size=500))
def test_any_bytes_are_frames_or_are_refused_and_nothing_else_happens(data: bytes) -> None:
    reader = FrameReader()
    try:
        found = reader.feed(data)
    except BrokenFrame:
        return
    assert all(frame.kind in KINDS for frame in found)
    assert data.startswith(b''.join(frame.packed for frame in found))


@pytest.mark.parametrize(
    'header', [HEADER.pack(b'O', MAX_PAYLOAD + 1), HEADER.pack(b'z', 1), b'GET / HTTP/1.1']
)
def test_a_frame_that_is_too_long_or_of_no_kind_is_refused_before_it_is_there(header: bytes) -> None:
    with pytest.raises(BrokenFrame):
        FrameReader().feed(header)


@given(st.lists(st.text(st.characters(blacklist_characters='\0', blacklist_categories=['Cs'])), min_size=1))
def test_a_request_is_read_as_it_was_sent(fields: list[str]) -> None:
    sent = b''.join(frame.payload for frame in request_frames(fields))
    assert request_fields(sent) == fields


def test_a_long_request_is_several_frames_of_which_the_last_one_ends_it() -> None:
    sent = list(request_frames(['push', 'x' * (2 * MAX_PAYLOAD)]))
    assert [frame.kind for frame in sent] == [b'q', b'q', b'Q']
    assert all(len(frame.payload) <= MAX_PAYLOAD for frame in sent)


def test_bytes_that_are_no_utf8_pass_through_a_request() -> None:
    fields = ['update', b'refs/heads/\xff'.decode(errors='surrogateescape')]
    assert request_fields(b''.join(frame.payload for frame in request_frames(fields))) == fields


@pytest.mark.parametrize(
    ('end', 'payload'),
    [
        (End(0), b'0'),
        (End(60, 'build 3 failed in "npm ci":\n exit 1'), b'60\0build 3 failed in "npm ci": exit 1'),
        (End(1, 'x' * 500), b'1\0' + b'x' * 200),
    ],
)
def test_an_end_holds_a_status_and_a_cause_on_one_short_line(end: End, payload: bytes) -> None:
    assert end.payload == payload
    assert read_end(payload).status == end.status


@pytest.mark.parametrize('payload', [b'', b'-1', b'follow 3', b'0x0', b'\xff'])
def test_an_end_that_cannot_be_read_is_no_success(payload: bytes) -> None:
    assert read_end(payload).status == 1
