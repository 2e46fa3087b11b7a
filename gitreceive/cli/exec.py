"""``gitreceive exec``: a command in the build image, with the directory at hand."""

import os
import pwd
from pathlib import Path

import click

from gitreceive.cli.options import settings_options
from gitreceive.config.settings import Settings
from gitreceive.local.containers import Caller, command_spec
from gitreceive.local.home import local_home
from gitreceive.local.running import run_in_foreground
from gitreceive.local.terminal import calling_type
from gitreceive.stack import load_stack
from gitreceive.wiring.engine import open_containers


@click.command('exec', context_settings={'allow_interspersed_args': False})
@click.argument('command', nargs=-1, required=True, type=click.UNPROCESSED, metavar='COMMAND...')
@click.option(
    '--with',
    'addition',
    metavar='ADDITION',
    help='in the build image with an addition: php (Composer), rust (cargo)',
)
@settings_options
def exec_command(settings: Settings, command: tuple[str, ...], addition: str | None) -> int:
    """Run a command in the build image, with this directory at /app/src, as you.

    Options before COMMAND are those below, options after it are the command's own. The exit status is the command's.
    """
    stack = load_stack(settings.apps.stack)
    image = stack.addition(addition) if addition else stack.build_image
    spec = command_spec(command, Path.cwd(), image, _caller())
    return run_in_foreground(spec, open_containers(settings), local_home(settings))


def _caller() -> Caller:
    return Caller(name=_name(), uid=os.getuid(), gid=os.getgid(), terminal=calling_type())


def _name() -> str:
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # also here a number without a name
        return f'user-{os.getuid()}'
