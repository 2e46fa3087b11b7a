"""``gitreceive release``: the slug of this directory becomes a release at a platform."""

import functools
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from rich.console import Console as Terminal
from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn, TransferSpeedColumn

from gitreceive.cli.lines import Lines, warnings_told
from gitreceive.cli.options import settings_options
from gitreceive.config.settings import Settings
from gitreceive.grammar.envfile import read_env_file
from gitreceive.local.building import Built, app_lock, build_directory, uncommitted
from gitreceive.local.home import local_home
from gitreceive.local.planning import open_planner
from gitreceive.local.running import build_clock
from gitreceive.local.signals import interrupting_signals
from gitreceive.local.slugs import pack_built, report_built, report_packed, scan_slug
from gitreceive.model.errors import ReleaseError
from gitreceive.model.platform import NewSlug, PlatformRelease
from gitreceive.model.progress import Console
from gitreceive.model.push import NO_COMMIT
from gitreceive.model.slug import Slug
from gitreceive.wiring.engine import local_builder, open_packer
from gitreceive.wiring.platform import HEROKU, open_platform
from gitreceive.wiring.storing import open_reader


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where a slug goes: the app at a platform, the platform's address, and what it calls the stack (or nothing)."""

    app: str
    address: str
    stack: str | None


def target_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the options of a target, and hands the command ``target``."""

    @click.option('--app', required=True, help='the app at the platform')
    @click.option('--to', default=HEROKU, show_default=True, help='the address of a Platform API')
    @click.option('--stack', help='what the platform calls the stack (default: its name here)')
    @functools.wraps(command)
    def wrapped(app: str, to: str, stack: str | None, **words: Any) -> Any:
        return command(target=Target(app=app, address=to, stack=stack), **words)

    return wrapped


@click.command()
@target_options
@click.option('--env-file', type=click.Path(path_type=Path), help='config vars for the build')
@click.option('--allow', multiple=True, metavar='PATH', help='where the slug may hold what looks secret')
@settings_options
def release(settings: Settings, target: Target, env_file: Path | None, allow: tuple[str, ...]) -> None:
    """Build this directory as the receiver would, and release its slug through the Platform API.

    The token is HEROKU_API_KEY, or that of the address's host in ~/.netrc.
    """
    platform = open_platform(target.address, os.environ)
    directory, console = Path.cwd(), Lines(err=True)
    env = read_env_file(env_file) if env_file else {}
    note = _commit_note(directory, console)
    with interrupting_signals(), tempfile.TemporaryDirectory(prefix='gitreceive-') as folder:
        built, slug = _built(directory, env, allow, Path(folder, 'slug.tgz'), settings, console)
        console.step(f'Releasing to {target.app} at {target.address}')
        with warnings_told(console), _progress(slug.size) as progress:
            new = _new_slug(built, slug, target.stack or built.planned.stack.name, note)
            made = platform.publish(target.app, new, slug.path, progress)
    _report(made, console)


def _built(
    directory: Path,
    env: Mapping[str, str],
    allowed: Sequence[str],
    target: Path,
    settings: Settings,
    console: Console,
) -> tuple[Built, Slug]:
    """The directory's image and its slug, in the file ``target``."""
    home = local_home(settings)
    planner, builder = open_planner(settings), local_builder(settings, home.name())
    with build_clock(settings.limits.build_seconds) as clock, app_lock(directory, home, clock):
        built = build_directory(directory, env, planner, builder, console, clock)
        report_built(built, console)
        slug = pack_built(built, open_packer(settings), target, settings.limits, clock)
        scan_slug(slug, built.app, allowed, open_reader(), clock)
        builder.remove_replaced(built.app)
    report_packed(slug, console)
    return built, slug


def _commit_note(directory: Path, console: Console) -> str:
    commit = uncommitted(directory)
    if not commit:
        return ''
    console.warn(f'What is released is {commit[:8]} with changes that are not committed')
    return 'with changes that are not committed'


def _new_slug(built: Built, slug: Slug, stack: str, note: str) -> NewSlug:
    commit = built.planned.source.commit
    return NewSlug(
        processes={process.name: process.command for process in built.plan.processes},
        sha256=slug.sha256,
        commit='' if commit == NO_COMMIT else commit,
        stack=stack,
        buildpack=built.plan.title,
        commit_note=note,
    )


@contextmanager
def _progress(size: int) -> Iterator[Callable[[int], None]]:
    """Shows on a terminal how much has been sent: the number of bytes so far."""
    terminal = Terminal(stderr=True)
    columns = (BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=terminal, transient=True, disable=not terminal.is_terminal) as bar:
        task = bar.add_task('', total=size)
        yield lambda sent: bar.update(task, completed=sent)


def _report(made: PlatformRelease, console: Console) -> None:
    if made.status == 'failed':
        raise ReleaseError(f'v{made.version} was made and has failed: look at the release at the platform')
    waiting = '; its release phase runs' if made.status == 'pending' else ''
    console.detail(f'v{made.version} {made.status}{waiting}')
