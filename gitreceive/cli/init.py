"""``gitreceive init``: the receiver's Dockerfile as a file of the app."""

from pathlib import Path

import click

from gitreceive.buildpack import load_buildpacks
from gitreceive.cli.options import settings_options
from gitreceive.cli.stack import Lines
from gitreceive.errors import SettingsError
from gitreceive.local.building import ENV_FILE, directory_source
from gitreceive.local.standalone import DOCKERFILE, FOLDER, standalone, write_standalone
from gitreceive.planning import Planner, tell_plan
from gitreceive.settings import Settings
from gitreceive.stack import load_stack

HIDDEN = (ENV_FILE, DOCKERFILE)
"""A Dockerfile that is there already says nothing about the one to be written."""


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
    known = {buildpack.name: buildpack for buildpack in load_buildpacks()}
    if template is not None and template not in known:
        raise SettingsError(f'there is no buildpack "{template}"; there are: {", ".join(sorted(known))}')
    chosen = tuple(known.values()) if template is None else (known[template],)
    return Planner(buildpacks=chosen, stack=load_stack(settings.stack, settings.python_mirror))
