"""``gitreceive plan``: what a push of a directory would do. Needs neither a receiver nor an engine."""

import json
from pathlib import Path

import click

from gitreceive.build.planning import as_record, tell_planned
from gitreceive.build.platforms import open_planner
from gitreceive.build.sources.workdir import WorkingDirectory
from gitreceive.cli.lines import Lines
from gitreceive.cli.options import settings_options
from gitreceive.config.settings import Settings


@click.command()
@click.argument('folder', metavar='[DIR]', default='.', type=click.Path(path_type=Path))
@click.option('--json', 'as_json', is_flag=True, help='one JSON object')
@settings_options
def plan(folder: Path, as_json: bool, settings: Settings) -> None:
    """Show what a push of a directory would do: platform, versions, process types, Dockerfile."""
    with WorkingDirectory(folder) as source:
        planned = open_planner(settings).plan(source, {})
        if as_json:
            click.echo(json.dumps(as_record(planned), indent=2))
        else:
            tell_planned(planned, Lines())
