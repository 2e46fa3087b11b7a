"""``.env`` files mean what people mean with them; what is none is refused by its line."""

from pathlib import Path

import pytest

from gitreceive.grammar.envfile import parse_env, read_env_file
from gitreceive.model.errors import SettingsError


@pytest.mark.parametrize(
    ('text', 'value'),
    [
        ('A=b', 'b'),
        ('A=', ''),
        ('  A = b  ', 'b'),
        ('export A=b', 'b'),
        ('A=b c # a comment', 'b c'),
        ('A=b#c', 'b#c'),
        ('A="b  c # no comment"', 'b  c # no comment'),
        ('A=\'b "c" $d\'', 'b "c" $d'),
        ('A="one\ntwo\n"', 'one\ntwo\n'),
        ('A="one\\ntwo\\ttab"', 'one\ntwo\ttab'),
        ("A='one\\ntwo'", 'one\\ntwo'),
        ('A=${B}-$C', '${B}-$C'),
        ('A="${B:-c}"', '${B:-c}'),
        ('A=x=y&z', 'x=y&z'),
        ('A=ü', 'ü'),
        ('A=first\nA=last', 'last'),
        ('# a comment\n\nA=b\r\n', 'b'),
        ('\ufeffA=b', 'b'),
    ],
)
def test_a_value_is_what_its_line_says(text: str, value: str, tmp_path: Path) -> None:
    file = tmp_path / '.env'
    file.write_bytes(text.encode())
    assert read_env_file(file) == {'A': value}


def test_variables_keep_the_order_of_the_file() -> None:
    assert list(parse_env('B=1\nA=2\n', '.env').items()) == [('B', '1'), ('A', '2')]


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('A=' + 'ü' * 65_535, r'^\.env, line 1: A is too long: a variable has at most 131,071 bytes'),
        ('A=b\nC', r'^\.env, line 2: NAME=value is expected'),
        ('A=b\n\nC="open', r'^\.env, line 3: NAME=value is expected \(a value of several lines in quotes\)'),
        ('A=b\n{"json": 1}', r'^\.env, line 2: '),
        ('1A=b', r"^\.env, line 1: '1A' is not the name of a variable: use letters, digits and \"_\""),
        ('A-B=c', r"^\.env, line 1: 'A-B' is not the name"),
        ('A="b\0"', r'^\.env, line 1: the value of A holds a zero byte'),
    ],
)
def test_what_is_no_variable_is_refused_by_its_line(text: str, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        parse_env(text, '.env')


def test_the_longest_variable_that_linux_takes_is_taken() -> None:
    assert len(parse_env('A=' + 'x' * 131_069, '.env')['A']) == 131_069


def test_a_directory_without_the_file_has_no_variables(tmp_path: Path) -> None:
    assert read_env_file(tmp_path / '.env') == {}


def test_a_file_that_cannot_be_one_is_refused_with_its_place(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=f'^cannot read {tmp_path}: Is a directory'):
        read_env_file(tmp_path)
    file = tmp_path / '.env'
    file.write_bytes(b'A=\xff')
    with pytest.raises(SettingsError, match='is not UTF-8'):
        read_env_file(file)
    file.write_bytes(b'#' * 1_000_001)
    with pytest.raises(SettingsError, match='more than 1,000,000 bytes'):
        read_env_file(file)
