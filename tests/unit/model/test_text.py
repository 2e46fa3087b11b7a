"""Text of strangers is bounded before a terminal sees it."""

from gitreceive.model.text import CUT, bounded


def test_a_line_over_the_limit_says_that_it_was_cut() -> None:
    assert bounded('abcd', 4) == 'abcd'
    assert bounded('abcde', 4) == 'abcd' + CUT


def test_a_line_is_marked_once() -> None:
    assert bounded(bounded('abcde', 4), 4) == 'abcd' + CUT


def test_a_mark_that_somebody_prints_lifts_no_limit() -> None:
    assert len(bounded('x' * 1000 + CUT, 4)) == 4 + len(CUT)
