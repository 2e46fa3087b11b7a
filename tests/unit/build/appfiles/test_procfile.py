"""The Procfile parser: what is accepted, and that everything else is an error that names the line."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitreceive.build.appfiles.procfile import MOST, parse_procfile
from gitreceive.model.errors import DetectError


def pairs(content: bytes) -> list[tuple[str, str]]:
    return [(process.name, process.command) for process in parse_procfile(content)]


def test_each_line_is_a_process_type_in_the_order_of_the_file() -> None:
    content = b'worker: sleep 1\nweb: gunicorn --bind 0.0.0.0:$PORT app:app\n'
    assert pairs(content) == [('worker', 'sleep 1'), ('web', 'gunicorn --bind 0.0.0.0:$PORT app:app')]


@pytest.mark.parametrize(
    'content',
    [
        b'web: run\r\n',
        b'\xef\xbb\xbfweb: run\n',
        b'web:run',
        b'web :  run  \t\n',
        b'# a comment\n\n  \n// another\nweb: run\n\n',
        b'web:\trun',
    ],
    ids=['CRLF', 'BOM', 'no blank', 'blanks around', 'comments and blank lines', 'tab'],
)
def test_what_editors_leave_behind_is_accepted(content: bytes) -> None:
    assert pairs(content) == [('web', 'run')]


def test_a_colon_or_a_hash_in_a_command_belongs_to_it() -> None:
    assert pairs(b'web: a: b # c') == [('web', 'a: b # c')]


def test_a_file_of_comments_declares_nothing() -> None:
    assert parse_procfile(b'# nothing yet\n') == ()


@pytest.mark.parametrize(
    ('content', 'said'),
    [
        (b'web: a\nworker: b\nweb: c\n', 'line 3: "web" is there twice'),
        (b'web: a\n<<<<<<< HEAD\n', 'line 2: a merge conflict marker'),
        (b'=======\nweb: a\n', 'line 1: a merge conflict marker'),
        (b'>>>>>>> theirs', 'line 1: a merge conflict marker'),
        (b'||||||| base', 'line 1: a merge conflict marker'),
        (b'web a\n', "line 1: 'web a' is not"),
        (b'web:\n', "line 1: 'web:' is not"),
        (b'w\xc3\xa9b: a\n', 'line 1: '),
        (b'web: a\nworker: \xff\xfe\n', 'line 2: bytes that are not UTF-8'),
        (b'\xff\xfew\0e\0b\0', 'line 1: bytes that are not UTF-8'),
        (b'web: a\0b\n', 'line 1: the command of "web" holds a control character'),
        (b'web: \x1b[2J\n', 'line 1: the command of "web" holds a control character'),
        (b'x' * 64 + b': a', 'line 1: '),
        (b'\n'.join(b'p%d: a' % number for number in range(MOST + 1)), f'more than {MOST}'),
    ],
)
def test_anything_else_is_an_error_that_names_the_line(content: bytes, said: str) -> None:
    with pytest.raises(DetectError) as error:
        parse_procfile(content)
    assert said in str(error.value)


@given(st.binary(max_size=300))
def test_any_bytes_are_parsed_or_refused_with_a_short_printable_text(content: bytes) -> None:
    try:
        for process in parse_procfile(content):
            assert process.command.isprintable() or '\t' in process.command or not process.command.isascii()
    except DetectError as error:
        assert len(str(error)) < 300
        assert str(error).isprintable()
