"""What the command line offers, and what it costs to ask for one thing of it."""

import os
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from gitreceive.cli.main import COMMANDS, VERBS, gitreceive
from gitreceive.config.home import Home
from gitreceive.daemon.conversation import Conversation
from gitreceive.daemon.socket import Answering
from gitreceive.grammar.verbs import WORDS
from gitreceive.grammar.wire import End
from gitreceive.model.errors import BadCommand
from tests.daemon_socket import listening


def test_every_verb_of_the_grammar_is_a_command_on_the_host() -> None:
    assert set(WORDS) <= set(gitreceive.list_commands(click.Context(gitreceive)))
    assert not set(VERBS) & set(COMMANDS)


@pytest.mark.parametrize(
    'words', [['help', 'config'], ['config', '--help'], ['config', 'set', '-h'], ['help', 'serve'], ['help']]
)
def test_help_says_how_a_command_is_used(words: list[str]) -> None:
    done = CliRunner().invoke(gitreceive, words)
    assert done.exit_code == 0
    assert words[0] == 'help' or f'gitreceive {words[0]}' in done.output
    assert '--' in done.output


def test_a_word_that_is_almost_a_command_is_answered_with_that_command() -> None:
    done = CliRunner().invoke(gitreceive, ['relases'])
    assert done.exit_code == 2
    assert 'did you mean "releases"?' in done.output


@pytest.mark.parametrize('name', [*COMMANDS, *VERBS])
def test_every_command_is_found_under_its_name_and_says_what_it_does(name: str) -> None:
    command = gitreceive.get_command(click.Context(gitreceive), name)
    assert command is not None
    assert command.name == name
    assert command.get_short_help_str()


@pytest.mark.parametrize('command', ['apps', 'plan', 'keys'])
def test_a_command_loads_no_library_that_it_does_not_need(command: str) -> None:
    code = (
        'import sys, click; from gitreceive.cli.main import gitreceive; '
        f'gitreceive.get_command(click.Context(gitreceive), {command!r}); '
        'print(*sorted({"paramiko", "docker", "requests", "boto3", "cyclonedx"} & set(sys.modules)))'
    )
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_the_daemon_does_not_load_the_ssh_library() -> None:
    code = (
        'import sys; from gitreceive.cli import main; sys.argv = ["gitreceive", "daemon", "--help"]\n'
        'try: main.main()\n'
        'except SystemExit: pass\n'
        'print(*sorted({"paramiko.transport", "docker"} & set(sys.modules)), file=sys.stderr)'
    )
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, check=True)
    assert done.stderr.split() == ['docker']


@pytest.mark.parametrize(
    'words', [['plan', '.'], ['plan', 'none'], ['keys', 'list', '--json'], ['no-such-command']]
)
def test_a_command_whose_output_nobody_reads_ends_silently_with_the_status_of_sigpipe(
    words: list[str], tmp_path: Path
) -> None:
    (tmp_path / 'Procfile').write_text('web: x')
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, '-m', 'gitreceive.cli.main', *words]
    environ = {**os.environ, 'GITRECEIVE_HOME': str(tmp_path / 'home')}
    try:
        done = subprocess.run(command, cwd=tmp_path, env=environ, stdout=writing, stderr=writing)
    finally:
        os.close(writing)
    assert done.returncode == 141


def test_input_without_end_ends_when_the_daemon_has_had_enough(tmp_path: Path) -> None:
    def read(conversation: Conversation) -> Answering:
        yield b'%d bytes' % len(conversation.read_input(1000))
        return End(7)

    words = ['config', 'set', 'hello', '--file', '/dev/zero', '--home', str(tmp_path)]
    with listening(Home(tmp_path).socket, read):
        done = CliRunner().invoke(gitreceive, words, standalone_mode=False)
    assert done.output == '1001 bytes'
    assert done.return_value == 7


def test_a_file_that_is_not_there_is_no_question_for_the_daemon(tmp_path: Path) -> None:
    words = ['config', 'set', 'hello', '--file', str(tmp_path / 'nothing'), '--home', str(tmp_path)]
    done = CliRunner().invoke(gitreceive, words)
    assert isinstance(done.exception, BadCommand)
    assert 'cannot read' in str(done.exception)
