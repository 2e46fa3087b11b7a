"""Puts a receiver together: its journal, and what carries operations out."""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from gitreceive.adapters.buildkit.builder import DockerImageBuilder
from gitreceive.adapters.docker.engine import Engine
from gitreceive.adapters.slugfiles.entries import GzipSlugReader
from gitreceive.build.again import RollOut
from gitreceive.build.configure import configure
from gitreceive.build.deploy import Stages, deploy
from gitreceive.build.facts import slug_facts
from gitreceive.build.planning import Planner
from gitreceive.build.platforms import open_planner
from gitreceive.build.ports import ImageBuilder, SlugCutter, SlugStore
from gitreceive.build.promote import promote
from gitreceive.build.rollback import roll_back
from gitreceive.build.room import Room
from gitreceive.build.stages.config import prepare_config
from gitreceive.build.stages.image import build_image
from gitreceive.build.stages.keep import keep_slugs
from gitreceive.build.stages.plan import plan_build, stack_name
from gitreceive.build.stages.release import create_release
from gitreceive.build.stages.slug import cut_slug
from gitreceive.build.stages.source import open_source
from gitreceive.build.stages.store import store_slug
from gitreceive.config.home import Home
from gitreceive.config.identity import receiver_identity
from gitreceive.config.settings import Settings
from gitreceive.journal import Journal
from gitreceive.model.app import AppName
from gitreceive.model.operation import (
    Configure,
    Deploy,
    OperationRequest,
    Promote,
    Rescale,
    Restart,
    Rollback,
    Switch,
)
from gitreceive.model.release import Release
from gitreceive.model.task import Task
from gitreceive.repositories import ensure_repository, fetch_commit
from gitreceive.run.changes import Changes
from gitreceive.run.parts import Running
from gitreceive.run.registry import OwnRegistry
from gitreceive.run.rollout import only_release
from gitreceive.slugs.chunk_cache import ChunkCache
from gitreceive.slugs.cut import Cutter
from gitreceive.slugs.documents import Documents
from gitreceive.slugs.ports import Composing
from gitreceive.slugs.retention import Retention
from gitreceive.slugs.scan import SecretScan
from gitreceive.slugs.store import StoredSlugs
from gitreceive.wiring.engine import open_packer, packages
from gitreceive.wiring.running import open_running
from gitreceive.wiring.storing import open_documents, open_retention

Handler = Callable[[Task], Release | None]
"""Carries an operation out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Receiver:
    """The parts of a receiver, put together; the daemon hands each of them to who works with it."""

    home: Home
    journal: Journal
    planner: Planner
    builder: ImageBuilder
    storage: Composing
    slugs: StoredSlugs
    retention: Retention
    documents: Documents
    chunk_cache: ChunkCache
    running: Running | None
    own_registry: OwnRegistry
    handlers: Mapping[type[OperationRequest], Handler]


def open_receiver(settings: Settings) -> Receiver:
    """A receiver with its real parts. Opens the journal; connects to nothing."""
    home, planner = Home(settings.home), open_planner(settings)
    retention, registry = open_retention(settings), OwnRegistry()
    journal, storage = retention.journal, retention.storage
    builder = DockerImageBuilder(
        Engine(settings.engine.url),
        str(home.root),
        partial(receiver_identity, home),
        uuid.uuid4().hex,
        packages(settings),
    )
    slugs = StoredSlugs(storage, GzipSlugReader(), home)
    chunk_cache = ChunkCache(storage, home.chunk_cache)
    running = open_running(settings, journal, registry) if settings.run.enabled else None
    roll_out: RollOut = running.rollout if running else partial(only_release, releases=journal.releases)
    cutter, room = _cutter(settings, journal, chunk_cache), _room(settings, retention)
    stages = bind_stages(home, journal, planner, builder, slugs, cutter, room)
    return Receiver(
        home=home,
        journal=journal,
        planner=planner,
        builder=builder,
        storage=storage,
        slugs=slugs,
        retention=retention,
        documents=open_documents(settings, retention),
        chunk_cache=chunk_cache,
        own_registry=registry,
        running=running,
        handlers={
            Deploy: partial(deploy, stages=stages, roll_out=roll_out),
            **bind_changes(retention, slugs, roll_out, running),
        },
    )


def _cutter(settings: Settings, journal: Journal, chunk_cache: ChunkCache) -> Cutter:
    scan = SecretScan(reader=GzipSlugReader(), scanned=journal.slugs, allowed=journal.apps.allowed_paths)
    return Cutter(packer=open_packer(settings), chunk_cache=chunk_cache, scan=scan.of, limits=settings.limits)


def _room(settings: Settings, retention: Retention) -> Room:
    return Room(
        largest=settings.limits.checkout_bytes,
        slugs=retention.home.root,
        releases=retention.journal.releases,
        freeable=retention.freeable,
    )


def bind_changes(
    retention: Retention, slugs: SlugStore, roll_out: RollOut, running: Running | None
) -> dict[type[OperationRequest], Handler]:
    """What changes an app without a build."""
    journal = retention.journal
    releases, apps = journal.releases, journal.apps
    changes = Changes(
        releases=releases,
        apps=journal.running,
        operations=journal.operations,
        changeover=running.changeover if running else None,
    )
    bring = partial(_bring_commit, retention.home, journal)
    return {
        Rollback: partial(
            roll_back,
            slugs=slugs,
            releases=releases,
            apps=apps,
            keep=retention.keep,
            roll_out=roll_out,
        ),
        Configure: partial(configure, slugs=slugs, releases=releases, apps=apps, roll_out=roll_out),
        Promote: partial(
            promote, slugs=slugs, releases=releases, apps=apps, bring_commit=bring, roll_out=roll_out
        ),
        Rescale: changes.rescale,
        Restart: changes.restart,
        Switch: changes.switch,
    }


def _bring_commit(home: Home, journal: Journal, source: Release, target: AppName) -> None:
    """An app that nobody has pushed to is deployed from the branch of the other one."""
    ensure_repository(home.repo(target))
    fetch_commit(home.repo(source.app), source.version, source.commit, home.repo(target))
    if branch := journal.apps.deploy_branch(source.app):
        journal.apps.add(target, branch)


def bind_stages(
    home: Home,
    journal: Journal,
    planner: Planner,
    builder: ImageBuilder,
    slugs: SlugStore,
    cutter: SlugCutter,
    room: Room,
) -> Stages:
    """Each stage with the ports that it needs."""
    apps, releases = journal.apps, journal.releases
    describe = partial(slug_facts, builder=builder)
    stack = partial(stack_name, planner=planner, apps=apps)
    return Stages(
        open_source=partial(open_source, repository=home.repo, stack=stack),
        prepare_config=partial(prepare_config, apps=apps),
        plan_build=partial(plan_build, planner=planner, apps=apps),
        build_image=partial(build_image, builder=builder, room=room),
        keep_slugs=partial(keep_slugs, slugs=slugs, work=home.work),
        cut_slug=partial(cut_slug, cutter=cutter, slugs=slugs, releases=releases),
        store_slug=partial(store_slug, slugs=slugs, releases=releases, describe=describe),
        create_release=partial(create_release, releases=releases),
    )
