"""The verbs: each says what it is for, is parsed as its usage says, and is refused with what to do."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitreceive.grammar.help import help_text
from gitreceive.grammar.parsing import parse
from gitreceive.grammar.verbs import ALL, VERBS, WORDS
from gitreceive.model.errors import BadCommand


@pytest.mark.parametrize('name', VERBS)
def test_every_verb_says_what_it_is_for_and_how_it_is_used(name: str) -> None:
    verb = VERBS[name]
    assert verb.summary
    told = help_text(name.split(), 'ssh git@host')
    assert told.startswith(f'ssh git@host {verb.usage}\n')
    for option in verb.options:
        assert option.flag in told
    assert all(len(line) < 200 for line in told.splitlines())


def test_the_names_are_told_apart_and_sorted() -> None:
    assert [verb.name for verb in ALL] == sorted(VERBS)


def test_help_lists_every_verb() -> None:
    told = help_text((), 'gitreceive')
    assert all(f'    {name} ' in told for name in VERBS)


def test_values_are_found_under_their_names() -> None:
    found = parse(['config', 'hello', 'A=b', '--unset', 'C', '--unset', 'D', '--json'])
    assert (found.verb.name, found.app, found.texts('pairs')) == ('config', 'hello', ('A=b',))
    assert found.texts('unset') == ('C', 'D')
    assert found.switch('json')
    assert not found.switch('reveal')
    assert parse(['builds']).maybe_app is None
    assert parse(['builds']).number('limit') == 20
    assert parse(['logs', 'hello', '-f']).switch('follow')
    assert parse(['logs', 'hello']).number('build') is None


def test_a_verb_of_two_words_is_one_verb() -> None:
    assert parse(['config', 'set', 'hello', 'A=b']).verb.name == 'config set'
    assert parse(['config', 'hello']).verb.name == 'config'
    assert parse(['apps', 'create', 'hello']).app == 'hello'


@pytest.mark.parametrize(
    ('words', 'wanted'),
    [
        (['config', 'set', 'hello', 'A=b'], False),
        (['config', 'set', 'hello', '--file', '-'], True),
        (['config', 'hello', 'A', '-'], True),
        (['apps'], False),
    ],
)
def test_what_reads_standard_input_is_known_from_its_words(words: list[str], wanted: bool) -> None:
    assert parse(words).wants_input is wanted


@pytest.mark.parametrize('words', [[], ['--help'], ['-h'], ['help']])
def test_help_is_a_verb_too(words: list[str]) -> None:
    assert parse(words).verb.name == 'help'


@pytest.mark.parametrize(
    ('words', 'told'),
    [
        (['config'], 'APP is missing'),
        (['config', 'Hello'], 'is not an app name'),
        (['config', 'hello', '--nope'], "no option '--nope'"),
        (['builds', '--limit', '0'], '0 is not in the range'),
        (['builds', '--limit', 'many'], 'is not a valid integer'),
        (['cancel', 'hello', 'other'], 'too many words'),
        (['apps', 'destroy'], 'APP is missing'),
        (['aps'], 'did you mean "apps"?'),
        (['rollbak', 'hello'], 'did you mean "rollback"?'),
        (['xyzzy'], '"help" lists them'),
        (['config', 'hello', *['A=b'] * 2000], 'config set APP --file -'),
    ],
)
def test_what_is_not_in_the_grammar_is_refused_with_what_to_do(words: list[str], told: str) -> None:
    with pytest.raises(BadCommand) as refused:
        parse(words)
    assert told in str(refused.value)


@given(st.sampled_from(WORDS), st.lists(st.text(max_size=20), max_size=5))
def test_any_words_are_a_command_or_a_refusal_of_one_line(verb: str, words: list[str]) -> None:
    try:
        parse([verb, *words])
    except BadCommand as refused:
        assert str(refused).isprintable()
