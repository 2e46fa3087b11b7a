"""``gitreceive slug``: prove a slug by running it, or by reading it."""

import signal
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import click

from gitreceive.adapters.docker.engine import Engine
from gitreceive.adapters.slugs.reading import read_file, verify_slug
from gitreceive.adapters.storage import storage_from_url
from gitreceive.adapters.storage.whole import composing
from gitreceive.cli.options import settings_options
from gitreceive.errors import BadCommand, SlugError
from gitreceive.history import History
from gitreceive.home import Home
from gitreceive.model import ProcessType, parse_app_name
from gitreceive.procfile import parse_procfile
from gitreceive.settings import Settings
from gitreceive.slugrun import processes_beside, run_slug, started
from gitreceive.stack.recipe import load_stack
from gitreceive.storedslugs import open_slug
from gitreceive.text import decoded

PROCFILE_LIMIT = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundSlug:
    """A slug to run: the file, and what is known of it."""

    path: Path
    processes: Mapping[str, str]
    env: Mapping[str, str]


@click.group()
def slug() -> None:
    """Run a slug on the clean run image, or check it."""


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
    engine, stack = Engine(settings.engine), load_stack(settings.stack)
    with _found(file_or_app, settings) as found:
        process = _process(found, process_type)
        if process.name == 'web':
            with run_slug(engine, stack, found.path, process, found.env, port) as url:
                click.echo(f'{process.name} answers at {url} (Ctrl-C ends it)')
                _until_interrupted()
            return
        with started(engine, stack, found.path, process, found.env) as (client, container):
            for piece in client.logs(container, stream=True, follow=True):
                click.echo(decoded(piece), nl=False)
            status = client.wait(container)['StatusCode']
    raise SystemExit(status)


@slug.command()
@click.argument('file_or_app')
@settings_options
def verify(file_or_app: str, settings: Settings) -> None:
    """Read a whole slug: its checksum, and whether it holds what a slug may hold and nothing else."""
    with _found(file_or_app, settings) as found:
        facts = verify_slug(found.path)
    click.echo(f'sha256   {facts.sha256}')
    click.echo(f'size     {facts.size:,} bytes')
    click.echo(f'files    {facts.files:,}, {facts.unpacked:,} bytes unpacked')


@contextmanager
def _found(text: str, settings: Settings) -> Iterator[FoundSlug]:
    path = Path(text)
    if path.is_file():
        yield FoundSlug(path=path, processes=processes_beside(path), env={})
    elif '/' in text or text.endswith('.tgz'):
        raise SlugError(f'{text}: there is no such file')
    else:
        with _live(text, settings) as found:
            yield found


@contextmanager
def _live(text: str, settings: Settings) -> Iterator[FoundSlug]:
    app = parse_app_name(text)
    history = History(Home(settings.home).history_db)
    try:
        release, env = history.current(app), history.config(app)
    finally:
        history.close()
    if release is None:
        raise BadCommand(f'{app} has no release yet: push it first, or name a .tgz file')
    storage = composing(storage_from_url(settings.storage_url), Home(settings.home).members)
    with tempfile.TemporaryDirectory(prefix='gitreceive-') as folder:
        path = Path(folder, 'slug.tgz')
        with open_slug(storage, app, release.slug.sha256) as stream, path.open('wb') as file:
            while piece := stream.read(1 << 20):
                file.write(piece)
        processes = {process.name: process.command for process in release.processes}
        yield FoundSlug(path=path, processes=processes, env=env)


def _process(found: FoundSlug, name: str) -> ProcessType:
    processes = found.processes
    if not processes:
        procfile = read_file(found.path, 'app/src/Procfile', PROCFILE_LIMIT)
        processes = {process.name: process.command for process in parse_procfile(procfile or b'')}
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
