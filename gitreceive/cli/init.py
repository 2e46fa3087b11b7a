"""``gitreceive init``: the receiver's Dockerfile as a file of the app."""

from dataclasses import replace
from pathlib import Path

import click

from gitreceive.classic import Asked
from gitreceive.cli.lines import Lines
from gitreceive.cli.options import settings_options
from gitreceive.errors import SettingsError
from gitreceive.local.building import ENV_FILE, directory_source
from gitreceive.local.standalone import DOCKERFILE, FOLDER, standalone, write_standalone
from gitreceive.planning import Planner, tell_plan
from gitreceive.platforms import open_planner
from gitreceive.settings import Settings

HIDDEN = (ENV_FILE, DOCKERFILE)
"""A Dockerfile that is there already says nothing about the one to be written."""

NO_TEMPLATES = {'classic', 'dockerfile'}
"""Buildpacks that do what files of the app say, and nothing without them."""


@click.command()
@click.argument('directory', metavar='[DIR]', default='.', type=click.Path(path_type=Path))
@click.option(
    '--template', metavar='NAME', help='the buildpack, instead of the first that recognises the app'
)
@click.option('--force', is_flag=True, help='replace a Dockerfile that is there')
@settings_options
def init(directory: Path, template: str | None, force: bool, settings: Settings) -> None:
    """Write the Dockerfile that the receiver would use, for a plain "docker build .", with what it needs."""
    console = Lines()
    planned = _planner(template, settings).plan(directory_source(directory, HIDDEN), {})
    tell_plan(planned.plan, console)
    web = next((process for process in planned.plan.processes if process.name == 'web'), None)
    for path in write_standalone(standalone(planned.recipe, web), directory, force):
        console.detail(f'wrote {path}')
    console.detail(f'"docker build ." makes the image; {FOLDER}/ belongs to the app like its other files')


def _planner(template: str | None, settings: Settings) -> Planner:
    planner = open_planner(settings)
    if template is None:
        return planner
    known = sorted({buildpack.name for buildpack in planner.buildpacks} - NO_TEMPLATES)
    if template not in known:
        raise SettingsError(f'there is no buildpack "{template}"; there are: {", ".join(known)}')
    return replace(planner, asked=Asked(names=(template,), where='--template'))
