"""``gitreceive init``: the receiver's Dockerfile as a file of the app."""

from pathlib import Path

import click

from gitreceive.build.appfiles.classic import Asked
from gitreceive.build.planning import Planner, tell_plan
from gitreceive.build.platforms import open_planner
from gitreceive.cli.lines import Lines
from gitreceive.cli.options import settings_options
from gitreceive.config.settings import Settings
from gitreceive.local.building import ENV_FILE, directory_source
from gitreceive.local.standalone import DOCKERFILE, FOLDER, standalone, write_standalone
from gitreceive.model.errors import SettingsError

HIDDEN = (ENV_FILE, DOCKERFILE)
"""A Dockerfile that is there already says nothing about the one to be written."""


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
    planner = open_planner(settings)
    asked = _asked(template, planner) if template else None
    planned = planner.plan(directory_source(directory, HIDDEN), {}, asked)
    tell_plan(planned.plan, console)
    web = next((process for process in planned.plan.processes if process.name == 'web'), None)
    for path in write_standalone(standalone(planned.recipe, web), directory, force):
        console.detail(f'wrote {path}')
    console.detail(f'"docker build ." makes the image; {FOLDER}/ belongs to the app like its other files')


def _asked(template: str, planner: Planner) -> Asked:
    known = {buildpack.name for buildpack in planner.buildpacks if buildpack.traits.init}
    if template not in known:
        raise SettingsError(f'there is no template "{template}"; there are: {", ".join(sorted(known))}')
    return Asked(names=(template,), where='--template')
