"""A verb that runs a command takes it as a shell would get it, and its own options before it."""

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitreceive.grammar.attaching import attached_words, wanted_terminal
from gitreceive.grammar.commandline import line_words
from gitreceive.grammar.help import help_text
from gitreceive.grammar.parsing import parse
from gitreceive.model.errors import BadCommand
from gitreceive.model.terminal import Terminal, Window, bounded_window, terminal_type

SCREEN = Terminal('xterm', Window(30, 90))
texts = st.text(st.characters(blacklist_characters='\0', blacklist_categories=['Cs']), max_size=20)


@pytest.mark.parametrize(
    ('line', 'command'),
    [
        ('run hello -- echo "a  b" | wc -c', 'echo "a  b" | wc -c'),
        ('run hello bash', 'bash'),
        ('run hello ls -l --help -- x', 'ls -l --help -- x'),
        ('run hello --tty --size 24x80 -- ls', 'ls'),
        ('run --no-tty hello ls --tty', 'ls --tty'),
        ('run -- hello ls -l', 'ls -l'),
        ('run hello -- --version', '--version'),
        ("run hello 'unclosed", "'unclosed"),
        ('run hello -- first\nsecond  \n', 'first\nsecond'),
        ('run hello --size=1x2 psql -c "select 1"', 'psql -c "select 1"'),
    ],
)
def test_over_ssh_the_command_is_the_rest_of_the_line_as_it_came(line: str, command: str) -> None:
    found = parse(line_words(line))
    assert (found.verb.name, found.app, found.texts('command')) == ('run', 'hello', (command,))


@pytest.mark.parametrize('line', ['run hello "a', 'run "hello', 'run hello --size "'])
def test_what_stands_before_the_command_is_quoted_as_everywhere(line: str) -> None:
    if line == 'run hello "a':
        assert line_words(line)[-1] == '"a'
        return
    with pytest.raises(BadCommand):
        line_words(line)


def test_a_zero_byte_is_refused() -> None:
    with pytest.raises(BadCommand, match='zero byte'):
        line_words('run hello -- a\0b')


def test_other_verbs_are_split_as_before() -> None:
    assert line_words('config hello "A=b c"') == ['config', 'hello', 'A=b c']
    assert line_words('') == []


@given(st.lists(texts, min_size=2, max_size=5))
def test_on_the_host_the_words_of_a_command_stay_its_arguments(words: list[str]) -> None:
    (line,) = parse(['run', 'hello', '--', *words]).texts('command')
    assert shlex.split(line) == words


@given(texts.filter(bool))
def test_on_the_host_a_command_of_one_word_is_a_line(line: str) -> None:
    assert parse(['run', 'hello', '--', line]).texts('command') == (line,)


@given(texts.filter(bool))
def test_the_words_for_the_daemon_are_understood_as_the_same_command(line: str) -> None:
    words = attached_words(parse(['run', 'hello', '--', line]), SCREEN)
    again = parse(words)
    assert again.texts('command') == (line,)
    assert wanted_terminal(again) == SCREEN
    assert words[:2] == ('run', 'hello')


def test_a_command_is_needed() -> None:
    for words in (['run', 'hello'], ['run', 'hello', '--'], ['run', 'hello', '--tty']):
        with pytest.raises(BadCommand, match='COMMAND'):
            parse(words)
    assert parse(['run', 'hello', '--help']).verb.name == 'help'
    assert 'run APP [--tty]' in help_text(('run',), 'ssh git@host')


def test_there_is_a_terminal_if_the_caller_has_one_or_asks_for_it() -> None:
    def wanted(words: str, calling: Terminal | None = None) -> Terminal | None:
        return wanted_terminal(parse(['run', 'hello', *words.split(), '--', 'ls']), calling)

    assert wanted('') is None
    assert wanted('', SCREEN) == SCREEN
    assert wanted('--no-tty', SCREEN) is None
    assert wanted('--tty') == Terminal('dumb', Window(24, 80))
    assert wanted('--size 5x6 --term vt100', SCREEN) == Terminal('vt100', Window(5, 6))
    assert wanted('--size 5x6') == Terminal('dumb', Window(5, 6))
    for words in (
        '--tty --no-tty',
        '--no-tty --size 1x1',
        '--size x',
        '--size 0x5',
        '--size 5',
        '--size 12345x1',
    ):
        with pytest.raises(BadCommand, match=r'tty|size'):
            wanted(words)


def test_what_a_client_says_of_its_terminal_is_bounded() -> None:
    assert bounded_window(0, 0) == Window(24, 80)
    assert bounded_window(2**32 - 1, 3) == Window(9999, 3)
    assert terminal_type('xterm-256color') == 'xterm-256color'
    assert terminal_type('../../etc/passwd') == terminal_type('') == 'dumb'
