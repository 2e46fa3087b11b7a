"""``gitreceive sshd``: the process that speaks SSH."""

import sys
import threading

import click

from gitreceive.cli.options import setting_option, settings_options
from gitreceive.cli.supervised import lifeline, tell_ready
from gitreceive.cli.supervisor import stop_at_signals
from gitreceive.config.settings import Settings
from gitreceive.model.errors import GitReceiveError
from gitreceive.sshd.log import Log
from gitreceive.sshd.server import SshServer, quiet_paramiko, raise_descriptor_limit


@click.command('sshd')
@setting_option('--listen', 'ssh.listen', 'host:port to listen on (port 0: any that is free)')
@settings_options(note=lambda hint: Log().write('warning', reason=hint))
def sshd(settings: Settings) -> None:
    """Serve git over SSH. The daemon is a process of its own."""
    quiet_paramiko()
    raise_descriptor_limit()
    server = SshServer(settings)
    threading.excepthook = server.report
    stop_at_signals(server.stop)
    tell_ready()
    server.run(lifeline())


def main() -> None:
    """The SSH server alone, as a program."""
    try:
        sshd.main(standalone_mode=False)
    except GitReceiveError as error:
        click.echo(f'gitreceive sshd: {error}', err=True)
        sys.exit(error.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
