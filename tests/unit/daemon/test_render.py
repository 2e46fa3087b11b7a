"""What verbs print can be looked at in any terminal, and says where it was cut."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitreceive.commands.config import ConfigChange
from gitreceive.daemon.render import config_table, listed
from gitreceive.daemon.rows.config import changing, config_change


def test_a_table_holds_no_escape_sequence_whoever_wrote_what_is_in_it() -> None:
    rows = [{'value': value} for value in ('\x1b]0;owned\x07b\x1b[2J', '', '\x1b[2J', None)]
    assert listed(rows, False).splitlines() == ['value', 'b', '-', '-', '-']


@pytest.mark.parametrize(
    ('value', 'shown'),
    [('x' * 80, 'x' * 80), ('x' * 81, 'x' * 80 + '...'), ('a\nb', 'a...'), ('a\n', 'a'), ('\na', '...')],
)
def test_what_is_cut_is_marked(value: str, shown: str) -> None:
    assert listed([{'value': value}], False).splitlines()[1] == shown


def test_an_empty_table_says_so_and_an_empty_list_is_one_for_machines() -> None:
    assert listed([], False) == 'nothing yet\n'
    assert json.loads(listed([], True)) == []


CONFIG = {'DATABASE_URL': 'postgres://u:s3cret@h/db', 'EMPTY': '', 'PEM': 'a\nb\x1b[2J' + 'x' * 200}


def test_values_are_masked_unless_they_are_asked_for() -> None:
    masked = config_table(CONFIG, False, False)
    assert 's3cret' not in masked
    assert masked.splitlines()[1].split() == ['DATABASE_URL', '********', '24']
    assert json.loads(config_table(CONFIG, False, True)) == [
        {'name': name, 'value': value} for name, value in CONFIG.items()
    ]


def test_values_that_are_asked_for_are_whole_and_on_one_line() -> None:
    revealed = config_table(CONFIG, True, False).splitlines()
    assert revealed[1] == 'DATABASE_URL  postgres://u:s3cret@h/db'
    assert revealed[3] == 'PEM           a\\nb\\x1b[2J' + 'x' * 200
    assert len(revealed) == 4


@given(st.text())
def test_a_revealed_value_is_one_line_that_any_terminal_shows(value: str) -> None:
    shown = config_table({'A': value}, True, False)
    assert shown.count('\n') == 2
    assert shown.replace('\n', '').isprintable()


def test_a_change_is_told_by_names() -> None:
    change = ConfigChange(set=('A', 'B'), removed=('C',), same=('D',))
    told = config_change('hello', change, 'the next release has it', False)
    assert told.splitlines() == [
        'Set A, B on hello',
        'Removed C from hello',
        'The next release has it',
        'D of hello had that value already',
    ]
    assert changing(change) == 'Setting A, B and unsetting C'
    assert changing(ConfigChange(set=(), removed=('C',))) == 'Unsetting C'
