"""A line is split as a shell would split it, or it is refused; nothing in between."""

import shlex

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gitreceive.grammar.quoting import split
from gitreceive.model.errors import BadCommand

texts = st.text(st.characters(blacklist_characters='\0', blacklist_categories=['Cs']), max_size=40)


@given(st.lists(texts, max_size=6))
def test_words_that_are_quoted_for_a_shell_come_out_as_they_were(words: list[str]) -> None:
    assert split(' '.join(map(shlex.quote, words))) == words


@settings(max_examples=300)
@given(st.text(st.sampled_from('aB1=_-./ \'"\\\n\t$&;{}é\u00a0'), max_size=30))
def test_any_line_is_split_as_a_shell_would_or_refused(line: str) -> None:
    try:
        words = split(line)
    except BadCommand as refused:
        assert str(refused).isprintable()
        return
    assert words == shlex.split(line)


@pytest.mark.parametrize(
    ('line', 'words'),
    [
        ('config hello A=b', ['config', 'hello', 'A=b']),
        ('  a   b ', ['a', 'b']),
        ('A="a b" c', ['A=a b', 'c']),
        (r'A=a\ b', ['A=a b']),
        ("'A=it'\"'\"'s'", ["A=it's"]),
        ('A=x#y;z&|$(id)`id`*?', ['A=x#y;z&|$(id)`id`*?']),
        ('A=a\u00a0b', ['A=a\u00a0b']),
        ('A="x\ny"', ['A=x\ny']),
        ("A=''", ['A=']),
        ('', []),
    ],
)
def test_nothing_is_expanded(line: str, words: list[str]) -> None:
    assert split(line) == words


@pytest.mark.parametrize(
    'line', ['a\0b', "it's", 'a "b', 'a\nb', 'a\tb', 'x{"a":1}', r'C:\new', 'a\x01', '"a"b"c"d', 'a\\', '\\']
)
def test_what_would_be_changed_or_is_not_closed_is_refused(line: str) -> None:
    with pytest.raises(BadCommand):
        split(line)
