"""``gitreceive slug``: prove a slug by running it, or by reading it; look into it."""

import signal
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import click

from gitreceive.cli.options import settings_options
from gitreceive.cli.tidy import verify
from gitreceive.cli.xray import diff, show
from gitreceive.config.home import Home
from gitreceive.config.settings import Settings
from gitreceive.local.slugrun import SlugRun, processes_beside, processes_inside, run_slug, started
from gitreceive.model.errors import BadCommand
from gitreceive.model.process import ProcessType
from gitreceive.slugs.parts import fetch_slug
from gitreceive.slugs.reference import find_slug
from gitreceive.stack.recipe import load_stack
from gitreceive.wiring.engine import open_slug_runner
from gitreceive.wiring.storing import open_slug_files, open_storage


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundSlug:
    """A slug to run: the file, and what is known of it."""

    path: Path
    processes: Mapping[str, str]
    env: Mapping[str, str]


@click.group()
def slug() -> None:
    """Run slugs on the clean run image, check them, look into them."""


for command in (show, diff, verify):
    slug.add_command(command)


@slug.command()
@click.argument('file_or_app')
@click.argument('process_type', metavar='[TYPE]', default='web')
@click.option(
    '-p', '--port', type=click.IntRange(0, 65535), default=0, help='on 127.0.0.1; 0 takes a free one'
)
@settings_options
def run(file_or_app: str, process_type: str, port: int, settings: Settings) -> None:
    """Run a slug (a .tgz file, or the live one of an app) until Ctrl-C or SIGTERM."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    runner, stack = open_slug_runner(settings), load_stack(settings.apps.stack)
    with _found(file_or_app, settings) as found:
        process = _process(found, process_type)
        wanted = SlugRun(stack=stack, slug=found.path, process=process, env=found.env, port=port)
        if process.name == 'web':
            with run_slug(runner, wanted) as url:
                click.echo(f'{process.name} answers at {url} (Ctrl-C ends it)')
                _until_interrupted()
            return
        with started(runner, wanted) as running:
            for text in running.follow():
                click.echo(text, nl=False)
            status = running.wait()
    raise SystemExit(status)


@contextmanager
def _found(text: str, settings: Settings) -> Iterator[FoundSlug]:
    reference = find_slug(text, Home(settings.home))
    release = reference.release
    if reference.path:
        yield FoundSlug(path=reference.path, processes=processes_beside(reference.path), env={})
    elif release:
        with tempfile.TemporaryDirectory(prefix='gitreceive-') as folder:
            path = Path(folder, 'slug.tgz')
            fetch_slug(open_storage(settings), release.app, release.slug.sha256, path)
            processes = {process.name: process.command for process in release.processes}
            yield FoundSlug(path=path, processes=processes, env=reference.env)


def _process(found: FoundSlug, name: str) -> ProcessType:
    processes = found.processes or processes_inside(found.path, open_slug_files())
    if name not in processes:
        known = ', '.join(sorted(processes)) or 'none (it has no Procfile)'
        raise BadCommand(f'the slug has no process type "{name}"; its process types: {known}')
    return ProcessType(name=name, command=processes[name])


def _until_interrupted() -> None:
    try:
        while True:
            time.sleep(3600)
    except KeyboardInterrupt:
        click.echo('')
