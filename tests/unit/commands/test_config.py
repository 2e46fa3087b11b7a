"""Config vars: any value, all or none, and never a value in a refusal."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gitreceive.commands.config import (
    MAX_INPUT,
    MAX_VALUE,
    MAX_VARS,
    Pairs,
    change_config,
    get_config,
    list_config,
    read_pairs,
    read_values,
)
from gitreceive.model.errors import BadCommand, UnknownApp
from tests.unit.commands.conftest import BOB, EVE, HELLO, Receiver, giving


def change(receiver: Receiver, values: dict[str, str], removed: tuple[str, ...] = ()):
    return change_config(BOB, receiver.app(), values, removed, receiver.home, receiver.journal.apps)


def test_what_is_set_is_listed_by_name_and_found(receiver: Receiver) -> None:
    done = change(receiver, {'B': 'x=y z\n', 'A': ''})
    assert (done.set, done.removed) == (('B', 'A'), ())
    apps = receiver.journal.apps
    assert list(list_config(BOB, HELLO, receiver.home, apps).items()) == [('A', ''), ('B', 'x=y z\n')]
    assert get_config(BOB, HELLO, 'B', receiver.home, apps) == 'x=y z\n'


def test_what_has_that_value_already_is_not_changed(receiver: Receiver) -> None:
    change(receiver, {'A': '1', 'B': '2'})
    before = receiver.journal.events.after(0)[-1].number
    done = change(receiver, {'A': '1'})
    assert (done.set, done.same) == ((), ('A',))
    assert receiver.journal.events.after(before) == []


def test_what_is_not_set_can_neither_be_shown_nor_removed(receiver: Receiver) -> None:
    change(receiver, {'A': '1'})
    with pytest.raises(BadCommand, match='NOSUCH is not set on hello'):
        get_config(BOB, HELLO, 'NOSUCH', receiver.home, receiver.journal.apps)
    with pytest.raises(BadCommand, match='NOSUCH is not set on hello; nothing was changed'):
        change(receiver, {'B': '1'}, ('A', 'NOSUCH'))
    assert receiver.journal.apps.config(HELLO) == {'A': '1'}


def test_one_name_cannot_be_set_and_removed_at_once(receiver: Receiver) -> None:
    change(receiver, {'A': '1'})
    with pytest.raises(BadCommand, match='A cannot be set and removed'):
        change(receiver, {'A': '2'}, ('A',))


@pytest.mark.parametrize(
    ('values', 'why'),
    [
        ({'A': 's3cret' * MAX_VALUE}, 'A is too long'),
        ({'A': 's3cret\0'}, 'zero byte'),
        ({'A': 's3cret\udcff'}, 'not UTF-8'),
        ({f'A{at}': 's3cret' for at in range(MAX_VARS + 1)}, 'too many'),
        ({f'A{at}': 's3cret' * 10_000 for at in range(10)}, 'too much'),
    ],
)
def test_an_app_has_only_so_much_in_config_vars(receiver: Receiver, values: dict[str, str], why: str) -> None:
    with pytest.raises(BadCommand, match=why) as refused:
        change(receiver, values)
    assert 's3cret' not in str(refused.value)
    assert receiver.journal.apps.config(HELLO) == {}


def test_another_apps_config_cannot_be_read_or_changed(receiver: Receiver) -> None:
    receiver.app()
    apps = receiver.journal.apps
    with pytest.raises(UnknownApp):
        list_config(EVE, HELLO, receiver.home, apps)
    with pytest.raises(UnknownApp):
        get_config(EVE, HELLO, 'A', receiver.home, apps)
    with pytest.raises(UnknownApp):
        change_config(EVE, HELLO, {'A': 'b'}, (), receiver.home, apps)


def test_words_set_values_ask_for_names_and_name_what_standard_input_is() -> None:
    assert read_pairs(['A=b', 'C=d=e f', 'D=']) == Pairs(values={'A': 'b', 'C': 'd=e f', 'D': ''})
    assert read_pairs(['A', 'B']) == Pairs(values={}, shown=('A', 'B'))
    assert read_pairs(['A=b', 'KEY', '-']) == Pairs(values={'A': 'b'}, from_input='KEY')


@pytest.mark.parametrize(
    'words',
    [['a b=c'], ['1A=b'], ['-'], ['A', '-', '-'], ['é=1'], ['A\n=1'], ['=x'], ['s3cret!'], ['A=1', 'x y']],
)
def test_what_is_no_name_is_refused_without_repeating_it(words: list[str]) -> None:
    with pytest.raises(BadCommand) as refused:
        read_pairs(words)
    assert 's3cret' not in str(refused.value)


PEM = '-----BEGIN KEY-----\nMIIB+/=\n-----END KEY-----\n'


def test_a_value_on_standard_input_is_taken_as_it_is_but_for_one_newline_at_its_end() -> None:
    pairs = read_pairs(['KEY', '-'])
    assert read_values(pairs, None, giving(PEM.encode())) == {'KEY': PEM.removesuffix('\n')}
    assert read_values(pairs, None, giving('été?&%+ "x"\n\n'.encode())) == {'KEY': 'été?&%+ "x"\n'}


def test_a_file_on_standard_input_is_read_as_env_files_are() -> None:
    text = f'# comment\nA=1\nexport B="two words"\nPEM="{PEM}"\nURL=postgres://u:p@h/db?a=b&c=d\n'
    assert read_values(read_pairs(['C=3']), '-', giving(text.encode())) == {
        'A': '1',
        'B': 'two words',
        'C': '3',
        'PEM': PEM,
        'URL': 'postgres://u:p@h/db?a=b&c=d',
    }


@pytest.mark.parametrize(
    ('data', 'why'),
    [
        (b'A=b\ns3cret line\n', 'line 2'),
        (b's3cret-x=1\n', 'line 1'),
        (b'A=\xffs3cret', 'not UTF-8'),
        (b'A=' + b's3cret' * MAX_INPUT, 'has over'),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_its_line(data: bytes, why: str) -> None:
    with pytest.raises(BadCommand, match=why) as refused:
        read_values(read_pairs([]), '-', giving(data))
    assert 's3cret' not in str(refused.value).replace("'s3cret-x'", '')


def test_standard_input_is_one_thing() -> None:
    with pytest.raises(BadCommand, match='not both'):
        read_values(read_pairs(['A', '-']), '-', giving(b''))


@settings(max_examples=50)
@given(st.text(st.characters(blacklist_characters='\0', blacklist_categories=['Cs']), max_size=500))
def test_any_text_comes_back_as_it_was_sent(value: str) -> None:
    assert read_pairs([f'A={value}']).values == {'A': value}
    assert read_values(read_pairs(['A', '-']), None, giving(f'{value}\n'.encode())) == {
        'A': value.removeprefix('\ufeff')
    }
