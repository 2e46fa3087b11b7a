"""Output comes in pieces that care for neither lines nor characters."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from gitreceive.adapters.buildkit.lines import LineJoiner
from gitreceive.model.text import CUT, MAX_LINE


def joined(*pieces: bytes) -> list[str]:
    lines = LineJoiner()
    return [line for piece in pieces for line in lines.feed(piece)] + list(lines.end())


def test_a_line_may_come_in_pieces() -> None:
    assert joined(b'par', b't\nnext', b'\n') == ['part', 'next']


def test_a_character_may_come_in_pieces() -> None:
    assert joined('é\n'.encode()[:1], 'é\n'.encode()[1:]) == ['é']


def test_a_last_line_without_end_is_kept() -> None:
    assert joined(b'one\ntwo') == ['one', 'two']


def test_an_empty_line_is_a_line() -> None:
    assert joined(b'a\n\nb\n') == ['a', '', 'b']


def test_of_a_progress_bar_the_last_state_is_left() -> None:
    assert joined(b'10%\r', b'20%', b'\r100%\n') == ['100%']


def test_a_return_before_the_end_of_line_loses_nothing() -> None:
    assert joined(b'dos\r\n', b'dos\r', b'\n') == ['dos', 'dos']


def test_a_progress_bar_that_never_ends_its_line_takes_no_memory() -> None:
    lines = LineJoiner()
    for _ in range(1000):
        assert list(lines.feed(b'\r' + b'#' * 5000)) == []
    assert len(lines._kept) <= MAX_LINE
    assert list(lines.end()) == ['#' * 5000]


def test_a_line_of_a_megabyte_is_cut() -> None:
    assert joined(*[b'x' * 1000] * 1000, b'\n') == ['x' * MAX_LINE + CUT]


@given(st.binary(max_size=200), st.lists(st.integers(0, 200)))
def test_where_the_pieces_end_does_not_matter(data: bytes, cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(data)]
    pieces = [data[start:end] for start, end in itertools.pairwise(edges)]
    assert joined(*pieces) == joined(data)
