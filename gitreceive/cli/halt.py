"""``gitreceive halt``: stops what a receiver runs, which goes on when the receiver itself ends."""

import sys

import click

from gitreceive.cli.options import settings_options
from gitreceive.config.home import Home
from gitreceive.config.lock import home_lock
from gitreceive.config.owner import as_owner
from gitreceive.config.settings import Settings
from gitreceive.grammar import wire
from gitreceive.model.errors import DaemonUnreachable
from gitreceive.run.halt import halt
from gitreceive.run.registry import OwnRegistry
from gitreceive.wiring.running import open_ports


@click.command('halt')
@settings_options
def halt_command(settings: Settings) -> int:
    """Stop all apps and the router of a receiver, whether its daemon runs or not. The next "serve" starts them again.

    A daemon that runs goes on answering, and carries nothing out until it is started again.
    """
    home = Home(settings.home)
    try:
        answer = wire.ask(home.socket, ['halt', ''])
    except DaemonUnreachable:
        return _halt(home, settings)
    for kind, text in answer:
        click.echo(text, file=sys.stderr if kind == wire.ERROR else sys.stdout, nl=False)
    return answer.status


def _halt(home: Home, settings: Settings) -> int:
    with home_lock(home), as_owner(home.daemon):
        found = halt(open_ports(settings, OwnRegistry()), settings.run.stop_seconds)
    for instance in found:
        click.echo(f'Stopped {instance.app} {instance.name}')
    click.echo('The router is stopped; "gitreceive serve" starts the apps again')
    return 0
