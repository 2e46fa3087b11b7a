"""``gitreceive``: all verbs in one group; the one place where errors become exit codes."""

import os
import signal
import sys

import click

from gitreceive.cli.builder import builder
from gitreceive.cli.clean import clean
from gitreceive.cli.door import door
from gitreceive.cli.exec import exec_command
from gitreceive.cli.init import init
from gitreceive.cli.keys import keys
from gitreceive.cli.plan import plan
from gitreceive.cli.release import release
from gitreceive.cli.serve import serve
from gitreceive.cli.slug import slug
from gitreceive.cli.stack import stack
from gitreceive.cli.start import start
from gitreceive.cli.tidy import gc
from gitreceive.cli.verbs import verb_commands
from gitreceive.errors import GitReceiveError
from gitreceive.text import harmless


@click.group(context_settings={'help_option_names': ['-h', '--help']})
@click.version_option(package_name='gitreceive')
def gitreceive() -> None:
    """A git push-to-deploy receiver: push, build, slug, release."""


for command in (
    *(serve, door, builder, keys, plan, stack, slug, gc),
    *(init, start, exec_command, release, clean),
    *verb_commands(),
):
    gitreceive.add_command(command)


def main() -> None:
    """The entry point. Exit codes: 0 done, 2 wrong usage, 10 and up as in ``gitreceive.errors``, 130 interrupted."""
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    _open_standard_streams()
    try:
        sys.exit(gitreceive.main(standalone_mode=False))
    except GitReceiveError as error:
        for line in str(error).splitlines():
            click.echo(f' !     {harmless(line)}', err=True)
        sys.exit(error.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(130)


def _open_standard_streams() -> None:
    """Whoever closed one of them must not find its number on a socket that is opened later."""
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)


if __name__ == '__main__':
    main()
