import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

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


@pytest.mark.parametrize('command', [b'help', b'--help', b'-h', b' help '])
def test_help_is_understood(command):
    assert parse_command(command) == HelpRequest()


def test_verbs_keep_their_words():
    assert parse_command(b'logs hello --build 42 -f') == VerbRequest(
        words=('logs', 'hello', '--build', '42', '-f')
    )


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
        st.binary(max_size=200), st.text(max_size=100).map(lambda text: f"git-receive-pack '{text}'".encode())
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
        assert not any(set(word) & set(' \0\n\t;$`"\'\\|&<>*?(){}') for word in request.words)


def test_help_names_the_port_where_it_matters():
    assert 'ssh -p 2222 git@example.test' in help_text('example.test', 2222)
    assert 'ssh git@example.test' in help_text('example.test', 22)
