"""Options that are settings, and what is said of former names."""

from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from gitreceive.cli.main import gitreceive
from gitreceive.cli.options import setting_option, settings_options
from gitreceive.config.settings import Settings


@click.command()
@setting_option('--listen', 'ssh.listen', 'host:port')
@setting_option('--ssh-user', 'ssh.user', 'a user')
@setting_option('--door-user', 'door_user')
@settings_options
def show(settings: Settings) -> None:
    click.echo(f'{settings.home} {settings.ssh.listen} {settings.ssh.user}')


def test_an_option_goes_into_the_settings(tmp_path: Path) -> None:
    done = CliRunner().invoke(show, ['--home', str(tmp_path), '--listen', '[::]:7', '--ssh-user', 'git'])
    assert done.output == f'{tmp_path} [::]:7 git\n', done


def test_a_former_option_works_with_a_hint_and_is_not_shown(tmp_path: Path) -> None:
    done = CliRunner().invoke(show, ['--home', str(tmp_path), '--door-user', 'git'])
    assert f'{tmp_path} 127.0.0.1:2222 git\n' in done.output
    assert ' !     the command line: door_user is now ssh.user' in done.output
    told = CliRunner().invoke(show, ['--help']).output
    assert '--ssh-user' in told and '--door-user' not in told


@pytest.mark.parametrize('command', ['serve', 'sshd', 'daemon', 'gc'])
def test_commands_with_settings_have_their_options(command: str) -> None:
    done = CliRunner().invoke(gitreceive, [command, '--help'])
    assert done.exit_code == 0 and '--home' in done.output and '--config' in done.output


def test_a_former_home_is_renamed_by_whatever_command_comes_first(tmp_path: Path) -> None:
    (tmp_path / 'door').mkdir()
    CliRunner().invoke(show, ['--home', str(tmp_path)])
    assert (tmp_path / 'sshd').is_dir()
