"""``gitreceive sshd``: the process that speaks SSH."""

import os
import signal
import sys
import threading

import click

from gitreceive.cli.options import setting_option, settings_options
from gitreceive.config.settings import Settings
from gitreceive.model.errors import GitReceiveError
from gitreceive.sshd.server import SshServer, quiet_paramiko, raise_descriptor_limit

LIFELINE = 'GITRECEIVE_LIFELINE'
"""The number of an inherited pipe: the door ends when its other end is closed, that is with whoever started it."""


@click.command('sshd')
@setting_option('--listen', 'ssh.listen', 'host:port to listen on (port 0: any that is free)')
@settings_options
def sshd(settings: Settings) -> None:
    """Serve git over SSH. The builder is a process of its own."""
    quiet_paramiko()
    raise_descriptor_limit()
    served = SshServer(settings)
    threading.excepthook = served.report
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: served.stop())
    lifeline = os.environ.get(LIFELINE, '')
    served.run(int(lifeline) if lifeline.isdecimal() else None)


def main() -> None:
    """The door alone, as a program."""
    try:
        sshd.main(standalone_mode=False)
    except GitReceiveError as error:
        click.echo(f'gitreceive sshd: {error}', err=True)
        sys.exit(error.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
