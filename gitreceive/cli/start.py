"""``gitreceive start``: a process of the app in this directory, as the receiver would run it."""

from pathlib import Path

import click

from gitreceive.cli.lines import Lines
from gitreceive.cli.options import settings_options
from gitreceive.config.settings import Settings
from gitreceive.grammar.envfile import read_env_file
from gitreceive.local.building import ENV_FILE, app_lock, build_directory, runnable_image, with_generated
from gitreceive.local.containers import with_input
from gitreceive.local.home import local_home
from gitreceive.local.planning import open_planner
from gitreceive.local.running import build_clock, refuse_taken, run_in_foreground
from gitreceive.local.terminal import calling_type
from gitreceive.model.container import HOST
from gitreceive.model.process import ProcessType
from gitreceive.model.progress import Console
from gitreceive.run.spec import PORT, process_spec
from gitreceive.wiring.engine import local_builder, open_containers

WEB = 'web'


@click.command()
@click.argument('process_type', metavar='[TYPE]', default=WEB)
@click.option(
    '-p',
    '--port',
    type=click.IntRange(0, 65535),
    default=PORT,
    show_default=True,
    help='where web answers on 127.0.0.1; 0 takes a free one',
)
@click.option(
    '-i',
    '--interactive',
    is_flag=True,
    help='give it standard input, and the terminal if there is one: for a console',
)
@settings_options
def start(process_type: str, port: int, interactive: bool, settings: Settings) -> int:
    """Build this directory as the receiver would, and run a process type until it ends, Ctrl-C or SIGTERM.

    TYPE is "web" if none is given. Config vars are read from .env. The exit status is that of the process.
    """
    directory, home = Path.cwd(), local_home(settings)
    env = read_env_file(directory / ENV_FILE)
    published = port if process_type == WEB else None
    refuse_taken(published or 0, settings.engine.url)
    planner, builder, console = open_planner(settings), local_builder(settings, home.name()), Lines(err=True)
    with build_clock(settings.limits.build_seconds) as clock, app_lock(directory, home, clock):
        built = build_directory(directory, env, planner, builder, console, clock)
        process = built.process(process_type)
        image = runnable_image(built, built.planned.stack, builder, console, clock)
        builder.remove_replaced(built.app)
    env = with_generated(built, console)
    spec = process_spec(image.name, process, env, built.planned.stack.uid, published)
    if interactive:
        spec = with_input(spec, process, calling_type())
    ends = '' if interactive else ' (Ctrl-C ends it)'
    return run_in_foreground(
        spec, open_containers(settings), home, lambda found: _report(process, found, ends, console)
    )


def _report(process: ProcessType, port: int, ends: str, console: Console) -> None:
    where = f' on http://{HOST}:{port}/' if port else ''
    console.step(f'Running {process.name}{where}{ends}')
    console.detail(process.command)
