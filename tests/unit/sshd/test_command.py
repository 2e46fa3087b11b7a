import os
import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitreceive.grammar.verbs import WORDS
from gitreceive.model.app import APP_NAME
from gitreceive.model.errors import BadCommand
from gitreceive.sshd.command import GitRequest, HelpRequest, VerbRequest, help_text, parse_command


@pytest.mark.parametrize(
    'command',
    [
        b"git-receive-pack '/hello.git'",
        b"git-receive-pack 'hello.git'",
        b"git-receive-pack 'hello'",
        b'git-receive-pack hello.git',
        b'git-receive-pack /hello',
        b"git receive-pack '/hello.git'",
        b"git-receive-pack '/hello.git/'",
    ],
)
def test_every_way_that_git_clients_ask_is_understood(command):
    assert parse_command(command) == GitRequest(verb='git-receive-pack', app='hello')


def test_fetches_are_understood():
    assert parse_command(b"git-upload-pack '/hello.git'") == GitRequest(verb='git-upload-pack', app='hello')


@pytest.mark.parametrize(
    'command', [b'git-lfs-authenticate hello.git upload', b"git-lfs-transfer '/hello.git' upload"]
)
def test_git_lfs_is_told_how_to_push_without_it_and_what_is_deployed_then(command):
    with pytest.raises(BadCommand, match=r'"git push --no-verify" pushes without .* pointers are deployed'):
        parse_command(command)


@pytest.mark.parametrize('command', [b'help', b'--help', b'-h', b' help '])
def test_help_is_understood(command):
    assert parse_command(command) == HelpRequest()


def test_verbs_keep_their_words():
    request = parse_command(b'logs hello --build 42 -f')
    assert isinstance(request, VerbRequest)
    assert request.words == ('logs', 'hello', '--build', '42', '-f')
    assert request.invocation.verb.name == 'logs'


@pytest.mark.parametrize(
    ('command', 'words'),
    [(b'help config', ('config',)), (b'logs hello --help', ('logs',)), (b'config set -h', ('config', 'set'))],
)
def test_help_for_a_verb_is_understood(command, words):
    assert parse_command(command) == HelpRequest(words=words)


@pytest.mark.parametrize(
    'value',
    [
        'postgres://u:p@h/db?sslmode=require&a=b%20c+d,!$HOME',
        'a b',
        ' both ends ',
        'été',
        '-----BEGIN KEY-----\nMIIB\n-----END KEY-----\n',
        '{"a": [1, 2]}',
        "it's",
        'C:\\new',
        'x' * 32_768,
        '\t\x01',
        '',
    ],
)
def test_any_value_passes_if_it_is_quoted_as_for_a_shell(value):
    request = parse_command(f'config hello {shlex.quote("KEY=" + value)}'.encode())
    assert isinstance(request, VerbRequest)
    assert request.words == ('config', 'hello', f'KEY={value}')
    request = parse_command(f'config hello KEY={shlex.quote(value)}'.encode())
    assert isinstance(request, VerbRequest)
    assert request.words == ('config', 'hello', f'KEY={value}')


@pytest.mark.parametrize(
    'words', ['KEY={"a":"s3cret"}', 'KEY=C:\\s3cret', "KEY=it's3cret", 'KEY=s3cret\nb', "KEY=$'s3cret'"]
)
def test_what_quoting_would_change_is_refused_without_repeating_it(words):
    with pytest.raises(BadCommand, match='standard input') as refused:
        parse_command(f'config hello {words}'.encode())
    assert 's3cret' not in str(refused.value)


@pytest.mark.parametrize(
    'command',
    [b'config hello --s3cret', b'config hello --x=s3cret', b'builds hello s3cret', b'cancel a s3cret'],
)
def test_a_refusal_does_not_repeat_a_value(command):
    with pytest.raises(BadCommand) as refused:
        parse_command(command)
    assert 's3cret' not in str(refused.value).replace('--s3cret', '')


def test_a_word_that_is_almost_a_verb_is_answered_with_that_verb():
    with pytest.raises(BadCommand, match='did you mean "releases"'):
        parse_command(b'release hello')


def test_a_file_can_only_come_from_standard_input():
    with pytest.raises(BadCommand, match='--file - <'):
        parse_command(b'config set hello --file /etc/passwd')
    request = parse_command(b'config set hello --file -')
    assert isinstance(request, VerbRequest)
    assert request.invocation.wants_input


@pytest.mark.parametrize(
    'command',
    [
        b'',
        b' ',
        b'git-receive-pack',
        b'git-receive-pack ',
        b"git-receive-pack ''",
        b"git-receive-pack '/'",
        b"git-receive-pack '//hello.git'",
        b"git-receive-pack '/.git'",
        b"git-receive-pack '../hello.git'",
        b"git-receive-pack '/a/../hello.git'",
        b"git-receive-pack '~/hello.git'",
        b"git-receive-pack 'hello.git",
        b"git-receive-pack hello.git'",
        b"git-receive-pack 'hello.git';id",
        b"git-receive-pack 'hello.git' 'other.git'",
        b"git-receive-pack 'hel\\''lo.git'",
        b'git-receive-pack "hello.git"',
        b'git-receive-pack $(id)',
        b'git-receive-pack -c core.x=y',
        b'git-receive-pack --upload-pack=id hello',
        b'git-receive-pack  hello',
        b'git-upload-archive hello',
        b'GIT-RECEIVE-PACK hello',
        b"git-receive-pack 'hello\0.git'",
        b"git-receive-pack 'hello\n.git'",
        b"git-receive-pack 'h\xc3\xa9llo.git'",
        b'git-receive-pack ' + b'a' * 300,
        b'git-receive-pack ' + b'a' * 200_000,
        b'builds; id',
        b'builds $(id)',
        b'builds\thello',
        b'logs ' + b'a ' * 50,
        b'sh',
        b'builds\nid',
        b"builds 'hello",
        b'config hello "A=b',
        b'logs Hello',
        b'logs hello --build none',
        b'logs hello --build -1',
        b'apps --file x',
        b'config set hello A=b\xff',
    ],
)
def test_everything_else_is_refused_in_one_short_harmless_line(command):
    with pytest.raises(BadCommand) as refused:
        parse_command(command)
    said = str(refused.value)
    assert said.isprintable()
    assert said.isascii()
    assert len(said) < 300


@given(
    st.one_of(
        st.binary(max_size=200),
        st.text(max_size=100).map(lambda text: f'config hello {text}'.encode()),
        st.text(max_size=100).map(lambda text: f"git-receive-pack '{text}'".encode()),
    )
)
def test_what_is_accepted_names_an_app_and_nothing_else(command):
    try:
        request = parse_command(command)
    except BadCommand as refused:
        assert str(refused).isascii()
        return
    if isinstance(request, GitRequest):
        assert APP_NAME.fullmatch(request.app)
        assert os.path.realpath(f'/repos/{request.app}.git').startswith('/repos/')
    if isinstance(request, VerbRequest):
        assert request.words[0] in WORDS
        assert not any('\0' in word for word in request.words)


def test_help_names_the_port_where_it_matters():
    assert 'ssh -p 2222 git@example.test' in help_text('example.test', 2222)
    assert 'ssh git@example.test' in help_text('example.test', 22)
