"""``gitreceive plan``: what a push of a directory would do. Needs neither a receiver nor an engine."""

import json
from pathlib import Path

import click

from gitreceive.cli.lines import Lines
from gitreceive.cli.options import settings_options
from gitreceive.config.settings import Settings
from gitreceive.local.planning import directory_record, open_planner, report_directory


@click.command()
@click.argument('folder', metavar='[DIR]', default='.', type=click.Path(path_type=Path))
@click.option('--json', 'as_json', is_flag=True, help='one JSON object')
@settings_options
def plan(folder: Path, as_json: bool, settings: Settings) -> None:
    """Show what a push of a directory would do: platform, versions, process types, Dockerfile."""
    planner = open_planner(settings)
    if as_json:
        click.echo(json.dumps(directory_record(folder, planner), indent=2))
    else:
        report_directory(folder, planner, Lines())
