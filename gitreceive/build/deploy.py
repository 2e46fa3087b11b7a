"""The line: from an accepted push to a release, one stage after the other, values in, value out."""

import hashlib
import logging
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from gitreceive import __version__
from gitreceive.build.appfiles.appjson import AppJson, first_config, read_app_json, unpublished
from gitreceive.build.appfiles.binrelease import with_release
from gitreceive.build.dockerfiles.mark import marked
from gitreceive.build.generate import generate_config
from gitreceive.build.planning import Planned, Planner
from gitreceive.build.ports import BuildJob, ImageBuilder, Source
from gitreceive.build.report import report_plan, report_processes, report_slug
from gitreceive.build.room import check_room, needs
from gitreceive.build.sources.git import GitSource
from gitreceive.build.sources.shown import WatchedSource
from gitreceive.build.stages.build import build_image
from gitreceive.config.home import Home
from gitreceive.config.settings import Limits
from gitreceive.journal import Journal
from gitreceive.model.app import AppName
from gitreceive.model.errors import RoomError, SlugError, StorageError
from gitreceive.model.operation import Operation
from gitreceive.model.plan import Plan, Stack
from gitreceive.model.progress import Cancellation, Console
from gitreceive.model.release import Release
from gitreceive.model.slug import Image, Member, StoredSlug
from gitreceive.points import point
from gitreceive.slugs.chunk_cache import ChunkCache
from gitreceive.slugs.cut import Cut, Opening, Screen, cut_members
from gitreceive.slugs.growth import report_growth
from gitreceive.slugs.lock import keeping
from gitreceive.slugs.ports import Composing, SlugPacker, SlugReader
from gitreceive.slugs.retention import Keeper
from gitreceive.slugs.secrets import find_secrets, refuse_secrets, scan_rules
from gitreceive.slugs.store import store_slug
from gitreceive.slugs.stored import reduce_slug, replacing

log = logging.getLogger(__name__)

REDUCED = 3
"""Releases before the newest that are looked at: the one before it, and what an earlier death may have left."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What the stages work with: the same for every build."""

    home: Home
    journal: Journal
    limits: Limits
    planner: Planner
    builder: ImageBuilder
    packer: SlugPacker
    reader: SlugReader
    storage: Composing
    chunk_cache: ChunkCache
    keeper: Keeper

    @property
    def stack(self) -> Stack:
        """What apps are built on."""
        return self.planner.stack


def deploy(operation: Operation, line: Line, console: Console, cancellation: Cancellation) -> Release:
    """Turns a running build into a recorded release, and tells the console how it goes.

    Raises a GitReceiveError of the stage that failed; then nothing is released and no temporary file is left.
    """
    app = operation.app
    config = line.journal.apps.config(app)
    console.step(
        f'Building {app} on {line.stack.name} (build {operation.number}; it goes on if you disconnect)'
    )
    point('build.started')
    with GitSource(line.home.repo(app), operation.commit) as code:
        source = WatchedSource(code, cancellation.check)
        wanted = read_app_json(source)
        config |= _first_config(app, wanted, config, line, console)
        planned = line.planner.plan(source, config)
        plan = planned.plan
        report_plan(plan, console)
        config |= _generated(app, plan, config, line, console)
        point('plan.chosen')
        _check_room(app, source, line)
        job = _job(operation, planned, config)
        point('image.building')
        image = build_image(job, line.builder, console, cancellation, planned.explain)
        committed = source.committed
    plan = with_release(plan, image.release)
    point('image.built')
    report_processes(plan, image, console)
    console.step('Packing the slug')
    with keeping(app, line.home, cancellation), _work_folder(operation, line) as folder:
        cut = Cut(app=app, image=image, mtime=committed, folder=folder, limits=line.limits)
        screen = _screen(app, unpublished(wanted, config), line, cancellation)
        slug = cut_members(cut, line.packer, line.chunk_cache, screen, cancellation)
        point('slug.cut')
        report_slug(slug, console)
        report_growth(slug, line.journal.releases.live(app), line.storage, line.reader, console)
        about, live = _about(operation, planned, image, line), line.journal.releases.live(app)
        with replacing(line.storage, app, live.slug.sha256 if live else '') as former:
            stored = store_slug(slug, about, line.storage, app, folder, former)
            point('slug.stored')
            cancellation.check()
            release = _record(operation, plan, image, stored, line, config)
    reduce_older(release, line)
    return release


def _first_config(
    app: AppName, wanted: AppJson, config: Mapping[str, str], line: Line, console: Console
) -> Mapping[str, str]:
    """The config vars that app.json wants and the app does not have yet: they are its own from now on."""
    added = first_config(wanted, config)
    if added:
        line.journal.apps.change_config(app, added, ())
        console.detail(f'app.json sets the config vars {", ".join(added)}')
    return added


def _generated(
    app: AppName, plan: Plan, config: Mapping[str, str], line: Line, console: Console
) -> Mapping[str, str]:
    """The secrets that the platform needs and the app does not have yet: they are its own from now on."""
    added = generate_config(plan.generated, config)
    if added:
        line.journal.apps.change_config(app, added, ())
        console.detail(f'{", ".join(added)} is set to a random value, once')
    return added


def _check_room(app: AppName, source: Source, line: Line) -> None:
    """Raises RoomError. The files are only counted where the disk might be too small for the largest commit."""
    before, place = line.journal.releases.live(app), line.builder.place()
    try:
        check_room(needs(line.limits.checkout_bytes, before, place, line.home.root), lambda: 0)
    except RoomError:
        size = sum(file.size for file in source.files())
        check_room(needs(size, before, place, line.home.root), line.keeper.freeable)


def _job(operation: Operation, planned: Planned, config: Mapping[str, str]) -> BuildJob:
    return BuildJob(
        app=operation.app,
        number=operation.number,
        recipe=marked(planned.recipe),
        source=planned.source,
        env=config,
        nocache='nocache' in operation.options,
    )


@contextmanager
def _work_folder(operation: Operation, line: Line) -> Iterator[Path]:
    folder = line.home.work / str(operation.number)
    try:
        folder.mkdir(mode=0o700, parents=True)
    except OSError as error:
        raise SlugError(f'cannot make {folder}: {error.strerror}') from error
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _screen(app: AppName, config: Mapping[str, str], line: Line, cancellation: Cancellation) -> Screen:
    """Looks for secrets in a member, unless it has passed under the same rules before."""
    watch = scan_rules(app, config, line.journal.apps.allowed_paths(app))

    def screen(member: Member, opening: Opening) -> None:
        if line.journal.slugs.is_clean(app, member.sha256, watch.digest):
            return
        with opening() as stream:
            refuse_secrets(find_secrets(stream, watch, line.reader, cancellation), app)
        line.journal.slugs.mark_clean(app, member.sha256, watch.digest)

    return screen


def _about(operation: Operation, planned: Planned, image: Image, line: Line) -> Mapping[str, object]:
    plan, stack = planned.plan, line.stack
    built_on_stack = (
        stack.build_image in planned.recipe.dockerfile
    )  # an app's own Dockerfile may be on another image
    return {
        'app': operation.app,
        'commit': operation.commit,
        'receiver': __version__,
        'recipe': hashlib.sha256(planned.recipe.dockerfile.encode()).hexdigest(),
        'stack': stack.name,
        'stack_digest': line.builder.digest(stack.build_image) if built_on_stack else '',
        'bases': {
            name: line.builder.digest(name) for name in planned.recipe.bases if name != stack.build_image
        },
        'buildpack': plan.buildpack,
        'versions': dict(image.versions),
        'process_types': {process.name: process.command for process in plan.processes},
    }


def _record(
    operation: Operation, plan: Plan, image: Image, stored: StoredSlug, line: Line, config: Mapping[str, str]
) -> Release:
    release = Release(
        app=operation.app,
        version=0,
        operation=operation.number,
        commit=operation.commit,
        slug=stored,
        processes=plan.processes,
        versions=image.versions,
        created=time.time(),
        actor=operation.actor,
        buildpack=plan.buildpack,
        stack=line.stack.name,
        description=f'Deploy {operation.commit[:7]}',
    )
    recorded = line.journal.releases.record(operation, release, config)
    point('release.recorded')
    return recorded


def reduce_older(release: Release, line: Line) -> None:
    """Of the slugs of older releases only the members stay: they are shared, and the slug can be read from them."""
    older = {found.slug.sha256 for found in line.journal.releases.of(release.app, 1 + REDUCED)[1:]}
    for sha256 in older - {release.slug.sha256}:
        try:
            reduce_slug(line.storage, release.app, sha256)
        except StorageError as error:
            log.warning('%s: an older slug could not be reduced to its members: %s', release.app, error)
    point('slug.reduced')
