"""``gitreceive init``: the receiver's Dockerfile as a file of the app."""

from pathlib import Path

import click

from gitreceive.cli.lines import Lines
from gitreceive.cli.options import settings_options
from gitreceive.config.settings import Settings
from gitreceive.local.planning import open_planner
from gitreceive.local.standalone import FOLDER, init_directory


@click.command()
@click.argument('directory', metavar='[DIR]', default='.', type=click.Path(path_type=Path))
@click.option(
    '--template',
    metavar='NAME',
    help='a buildpack (node, python, ...), instead of the first that recognises the app',
)
@click.option('--force', is_flag=True, help=f'replace a Dockerfile and a {FOLDER}/ that are there')
@settings_options
def init(directory: Path, template: str | None, force: bool, settings: Settings) -> None:
    """Write the Dockerfile that the receiver would use, for a plain "docker build .", with what it needs."""
    console = Lines()
    for path in init_directory(directory, template, force, open_planner(settings), console):
        console.detail(f'wrote {path}')
    console.detail(f'"docker build ." makes the image; {FOLDER}/ belongs to the app like its other files')
