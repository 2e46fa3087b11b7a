"""``gitreceive exec``: a command in the build image, with the directory at hand."""

import os
import sys
from pathlib import Path

import click

from gitreceive.cli.options import settings_options
from gitreceive.local.containers import Caller, command_container
from gitreceive.local.running import run_in_foreground
from gitreceive.settings import Settings
from gitreceive.stack import load_stack


@click.command('exec', context_settings={'ignore_unknown_options': True, 'allow_interspersed_args': False})
@click.argument('command', nargs=-1, required=True, type=click.UNPROCESSED, metavar='COMMAND...')
@settings_options
def exec_command(settings: Settings, command: tuple[str, ...]) -> int:
    """Run a command in the build image, with this directory at /app/src, as you."""
    stack = load_stack(settings.stack)
    config = command_container(command, Path.cwd(), stack, _caller())
    return run_in_foreground(config, settings)


def _caller() -> Caller:
    both = sys.stdin and sys.stdout and sys.stdin.isatty() and sys.stdout.isatty()
    terminal = os.environ.get('TERM', 'dumb') if both else ''
    return Caller(uid=os.getuid(), gid=os.getgid(), terminal=terminal)
