"""``gitreceive clean``: removes what ``start`` and ``release`` have made in the engine."""

import click

from gitreceive.cli.options import settings_options
from gitreceive.config.settings import Settings
from gitreceive.local.building import open_bench
from gitreceive.local.running import remove_left_behind


@click.command()
@settings_options
def clean(settings: Settings) -> None:
    """Remove the images that start and release made for you, and no others. What runs stays."""
    remove_left_behind(settings)
    removed = open_bench(settings).builder.sweep(frozenset())
    click.echo(f'{removed} image{"" if removed == 1 else "s"} removed' if removed else 'nothing to remove')
