"""``gitreceive halt``: stops what a receiver runs, which goes on when the receiver itself ends."""

import click

from gitreceive.cli.options import settings_options
from gitreceive.config.home import Home
from gitreceive.config.lock import home_lock
from gitreceive.config.owner import as_owner
from gitreceive.config.settings import Settings
from gitreceive.run.halt import halt
from gitreceive.run.registry import OwnRegistry
from gitreceive.wiring import open_ports


@click.command('halt')
@settings_options
def halt_command(settings: Settings) -> None:
    """Stop all apps and the router of a receiver that does not run. The next "serve" starts them again."""
    home = Home(settings.home)
    with home_lock(home), as_owner(home.daemon):
        found = halt(open_ports(settings, OwnRegistry()), settings.run.stop_seconds)
    for instance in found:
        click.echo(f'Stopped {instance.app} {instance.name}')
    click.echo('The router is stopped; "gitreceive serve" starts the apps again')
