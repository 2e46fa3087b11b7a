"""The log of a container, as an engine hands it on."""

import io
import struct

from gitreceive.adapters.docker.frames import frames, lines
from gitreceive.model.instance import InstanceName
from gitreceive.model.text import CUT, MAX_LINE

WEB = InstanceName('web', 1)


def frame(text: str, stream: int = 1) -> bytes:
    data = text.encode()
    return struct.pack('>BxxxL', stream, len(data)) + data


def read(*given: str) -> list[tuple[float, str]]:
    stream = io.BytesIO(b''.join(map(frame, given)))
    return [(line.at, line.text) for line in lines(frames(stream), WEB)]


def test_a_frame_is_a_line_with_its_time() -> None:
    assert read('2026-11-30T22:00:00.5Z one\n', '2026-11-30T22:00:01.123456789Z two words\n') == [
        (1796076000.5, 'one'),
        (1796076001.123456, 'two words'),
    ]


def test_a_long_line_comes_in_several_frames() -> None:
    assert read('2026-11-30T22:00:00Z one ', '2026-11-30T22:00:01Z and more\n') == [
        (1796076000.0, 'one and more')
    ]


def test_a_line_without_end_is_bounded() -> None:
    piece = '2026-11-30T22:00:00Z ' + 'x' * MAX_LINE
    ((_, text),) = read(piece, piece, piece + '\n')
    assert text == 'x' * MAX_LINE + CUT


def test_the_last_words_need_no_end() -> None:
    assert read('2026-11-30T22:00:00Z words') == [(1796076000.0, 'words')]


def test_a_stream_that_breaks_off_gives_what_was_there() -> None:
    stream = io.BytesIO(frame('2026-11-30T22:00:00Z one\n') + b'\1\0\0')
    assert [line.text for line in lines(frames(stream), WEB)] == ['one']


def test_what_a_terminal_would_obey_is_taken_out() -> None:
    assert read('2026-11-30T22:00:00Z \x1b[2Jred\x07\r\n') == [(1796076000.0, 'red')]
