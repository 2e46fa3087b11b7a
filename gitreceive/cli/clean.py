"""``gitreceive clean``: removes what ``start`` and ``release`` have made in the engine."""

import click

from gitreceive.cli.options import settings_options
from gitreceive.config.settings import Settings
from gitreceive.local.home import local_home
from gitreceive.local.running import remove_left_behind
from gitreceive.wiring.engine import local_builder, open_containers


@click.command()
@settings_options
def clean(settings: Settings) -> None:
    """Remove the images that start and release made for you, and no others. What runs stays."""
    home = local_home(settings)
    remove_left_behind(open_containers(settings), home)
    removed = local_builder(settings, home.name()).sweep(frozenset())
    click.echo(f'{removed} image{"" if removed == 1 else "s"} removed' if removed else 'nothing to remove')
