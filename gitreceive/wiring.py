"""Puts the parts together: the only module that names adapters."""

import os
import pwd
import shutil
import uuid
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from pathlib import Path

from gitreceive.adapters.buildkit.builder import DockerImageBuilder
from gitreceive.adapters.docker.attached import DockerAttachedCommands
from gitreceive.adapters.docker.baseimages import ExportedBaseImages
from gitreceive.adapters.docker.containers import InstanceContainers
from gitreceive.adapters.docker.disks import DockerDisks
from gitreceive.adapters.docker.engine import Engine
from gitreceive.adapters.docker.foreground import DockerContainers
from gitreceive.adapters.docker.images import DockerImages
from gitreceive.adapters.docker.instances import DockerInstances
from gitreceive.adapters.docker.network import InstanceNetwork
from gitreceive.adapters.docker.observed import DockerObserved
from gitreceive.adapters.docker.oneoff import DockerOneOff
from gitreceive.adapters.docker.slugrun import DockerSlugRunner
from gitreceive.adapters.docker.stack import connected
from gitreceive.adapters.haproxy.options import RouterOptions
from gitreceive.adapters.haproxy.router import HaproxyRouter
from gitreceive.adapters.nftables.isolation import NftablesIsolation, NoIsolation
from gitreceive.adapters.platform.heroku import HEROKU as HEROKU
from gitreceive.adapters.platform.heroku import HerokuPlatform
from gitreceive.adapters.ports.router import PublishedPorts
from gitreceive.adapters.slugfiles import reading
from gitreceive.adapters.slugfiles.entries import GzipSlugReader
from gitreceive.adapters.slugfiles.packer import DockerSlugPacker
from gitreceive.adapters.storage import Surroundings, storage_from_urls
from gitreceive.adapters.storage.secrets import NO_SECRETS, load_secrets
from gitreceive.adapters.storage.whole import composing
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
from gitreceive.certificates.authority import OwnAuthority
from gitreceive.certificates.certificates import Certificates
from gitreceive.certificates.ports import Issuer
from gitreceive.certificates.renewals import Renewals
from gitreceive.config.home import Home
from gitreceive.config.identity import receiver_identity
from gitreceive.config.listening import holder, public_ports
from gitreceive.config.settings import Settings
from gitreceive.journal import Journal, open_journal
from gitreceive.journal.forgetting import forget_config as forget_config
from gitreceive.local.ports import LocalBuilder, Platform
from gitreceive.model.app import AppName
from gitreceive.model.errors import GitReceiveError
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
from gitreceive.model.plan import PackageSet
from gitreceive.model.progress import Console
from gitreceive.model.release import Release
from gitreceive.model.task import Task
from gitreceive.repositories import ensure_repository, fetch_commit
from gitreceive.run.changes import Changes
from gitreceive.run.parts import Ports, Running, put_together
from gitreceive.run.ports import (
    Containers,
    ResidentRouter,
    SlugRunner,
)
from gitreceive.run.registry import OwnRegistry
from gitreceive.run.rollout import only_release
from gitreceive.slugs.chunk_cache import ChunkCache
from gitreceive.slugs.cut import Cutter
from gitreceive.slugs.documents import Documents
from gitreceive.slugs.inventory import Inventory
from gitreceive.slugs.ports import Composing, SlugFiles, SlugPacker, SlugReader
from gitreceive.slugs.published import BaseImages
from gitreceive.slugs.retention import Retention
from gitreceive.slugs.scan import SecretScan
from gitreceive.slugs.store import StoredSlugs
from gitreceive.stack import load_stack
from gitreceive.stack.build import DEFAULTS, build_stack
from gitreceive.stack.build import Options as StackOptions
from gitreceive.stack.packages import ensure_packages
from gitreceive.stack.recipe import StackRecipe

PING_SECONDS = 1.0


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
    home, planner, reader = Home(settings.home), open_planner(settings), GzipSlugReader()
    retention = open_retention(settings)
    journal, storage = retention.journal, retention.storage
    identity = partial(receiver_identity, home)
    builder = DockerImageBuilder(
        Engine(settings.engine.url), str(home.root), identity, uuid.uuid4().hex, _packages(settings)
    )
    slugs = StoredSlugs(storage, reader, home)
    chunk_cache = ChunkCache(storage, home.chunk_cache)
    cutter = Cutter(
        packer=open_packer(settings),
        chunk_cache=chunk_cache,
        scan=SecretScan(reader=reader, scanned=journal.slugs, allowed=journal.apps.allowed_paths).of,
        limits=settings.limits,
    )
    room = Room(
        largest=settings.limits.checkout_bytes,
        slugs=home.root,
        releases=journal.releases,
        freeable=retention.freeable,
    )
    registry = OwnRegistry()
    running = open_running(settings, journal, registry) if settings.run.enabled else None
    roll_out: RollOut = running.rollout if running else partial(only_release, releases=journal.releases)
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
            Rollback: partial(
                roll_back,
                slugs=slugs,
                releases=journal.releases,
                apps=journal.apps,
                keep=retention.keep,
                roll_out=roll_out,
            ),
            **bind_changes(home, journal, slugs, roll_out, running),
        },
    )


def bind_changes(
    home: Home, journal: Journal, slugs: SlugStore, roll_out: RollOut, running: Running | None
) -> dict[type[OperationRequest], Handler]:
    """What changes an app without a build."""
    releases, apps = journal.releases, journal.apps
    changes = Changes(
        releases=releases,
        apps=journal.running,
        operations=journal.operations,
        changeover=running.changeover if running else None,
    )
    bring = partial(_bring_commit, home, journal)
    return {
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


def open_storage(settings: Settings) -> Composing:
    """Where slugs are: the storage that the settings name, with its mirrors and secrets. Connects to nothing.

    Raises SettingsError.
    """
    file, home = settings.storage.secrets, Home(settings.home)
    secrets = load_secrets(Path(file).expanduser(), os.environ) if file else NO_SECRETS
    around = Surroundings(
        secrets=secrets, folder=home.remotes, versions=partial(_versions, home), environ=os.environ
    )
    return composing(storage_from_urls(settings.storage_urls, around), home.chunks)


def _versions(home: Home, app: str, sha256: str) -> tuple[int | None, int]:
    with closing(open_journal(home)) as journal:
        return journal.releases.versions(AppName(app), sha256)


def open_retention(settings: Settings) -> Retention:
    """What removes slugs that nobody needs. Opens the journal; connects to nothing."""
    home = Home(settings.home)
    return Retention(
        journal=open_journal(home),
        storage=open_storage(settings),
        home=home,
        keep=settings.storage.keep_releases,
    )


def open_documents(settings: Settings, retention: Retention) -> Documents:
    """What writes documents beside slugs."""
    return Documents(
        journal=retention.journal,
        storage=retention.storage,
        home=retention.home,
        host=settings.ssh.host,
        inventory=Inventory(GzipSlugReader()),
    )


def make_stack(
    recipe: StackRecipe, environ: Mapping[str, str], console: Console, options: StackOptions = DEFAULTS
) -> bool:
    """Makes a stack's images in the engine that ``environ`` names, unless they are there. Raises StackError."""
    with connected(environ) as engine:
        return build_stack(recipe, engine, console, options)


def _packages(settings: Settings) -> Callable[[PackageSet, Console], None]:
    """Makes images of Debian packages in the engine of the settings."""

    def ensure(wanted: PackageSet, console: Console) -> None:
        with connected({'DOCKER_HOST': settings.engine.url} if settings.engine.url else {}) as engine:
            ensure_packages(engine, wanted, console)

    return ensure


def engine_answers(settings: Settings) -> bool:
    """Whether the engine can be spoken to right now; asks for at most a second."""
    try:
        client = Engine(settings.engine.url).connect(PING_SECONDS)
    except GitReceiveError:
        return False
    client.close()
    return True


def local_builder(settings: Settings, name: str) -> LocalBuilder:
    """Builds images that carry ``name`` instead of a receiver's."""
    return DockerImageBuilder(Engine(settings.engine.url), name, lambda: name, packages=_packages(settings))


def open_packer(settings: Settings) -> SlugPacker:
    """Reads slugs out of the engine's images."""
    return DockerSlugPacker(Engine(settings.engine.url), most=settings.limits.unpacked_bytes)


def open_base_images(settings: Settings) -> BaseImages:
    """The run images of stacks, for the registry."""
    folder = Home(settings.home).base_images
    return ExportedBaseImages(Engine(settings.engine.url), folder, lambda name: load_stack(name).run_image)


def open_running(settings: Settings, journal: Journal, registry: OwnRegistry) -> Running:
    """What runs releases. Connects to nothing, and starts nothing."""
    return put_together(
        open_ports(settings, registry),
        releases=journal.releases,
        apps=journal.running,
        known=journal.apps.all,
        settings=settings.run,
        told=settings.ssh.host,
    )


def open_ports(settings: Settings, registry: OwnRegistry) -> Ports:
    """An engine that runs releases as this receiver's, and the router to them. Connects to nothing."""
    engine, identity = Engine(settings.engine.url), partial(receiver_identity, Home(settings.home))
    network = InstanceNetwork(engine, identity, open=settings.run.allow_private)
    containers = InstanceContainers(
        engine, identity, network, settings.run.log_bytes, settings.run.disk_bytes
    )
    public = [settings.router.listen, settings.router.tls_listen]
    session = uuid.uuid4().hex
    walls = NftablesIsolation(lambda: network.bridge, public_ports(public))
    return Ports(
        images=DockerImages(engine, identity, registry.access),
        instances=DockerInstances(containers),
        observed=DockerObserved(engine),
        oneoff=DockerOneOff(containers, session),
        attached=DockerAttachedCommands(containers, session),
        disks=DockerDisks(containers),
        isolation=NoIsolation() if settings.run.allow_private else walls,
        router=open_router(settings),
        routed=has_router(settings),
    )


def open_reader() -> SlugReader:
    """Looks into slugs."""
    return GzipSlugReader()


def open_slug_files() -> SlugFiles:
    """Looks into slugs that are files of this host."""
    return reading


def open_slug_runner(settings: Settings) -> SlugRunner:
    """Runs slugs on the clean run image."""
    return DockerSlugRunner(Engine(settings.engine.url))


def open_containers(settings: Settings) -> Containers:
    """Runs containers in the foreground."""
    return DockerContainers(Engine(settings.engine.url))


def open_platform(address: str, environ: Mapping[str, str]) -> Platform:
    """Another receiver of slugs, with the token that ``environ`` or ``.netrc`` has for it. Raises SettingsError."""
    return HerokuPlatform.from_environment(address, environ)


def has_router(settings: Settings) -> bool:
    """Whether apps are reached by a router; if not, instances have ports of their own."""
    return bool(_haproxy(settings))


def open_router(settings: Settings) -> ResidentRouter:
    """What leads requests to instances. Starts nothing."""
    if not has_router(settings):
        return PublishedPorts(HaproxyRouter(_router_options(settings)).stop)
    certificates = open_certificates(settings)

    def bundle(app: AppName | None, host: str) -> str:
        return certificates.served(app, host)[1].bundle

    router = HaproxyRouter(_router_options(settings), holder, bundle)
    if settings.router.tls_listen:
        issuer = _acme(settings, router) if settings.router.acme else None
        router.accompany(Renewals(certificates, issuer, router.names, router.refresh).running)
    return router


def _acme(settings: Settings, router: HaproxyRouter) -> Issuer:
    """Only then is what speaks ACME loaded."""
    made: Callable[..., Issuer] = import_module('gitreceive.adapters.acme.issuer').AcmeIssuer
    file = Home(settings.home).certificates / 'acme-account.json'
    return made(settings.router.acme, settings.router.acme_email, file, router)


def open_certificates(settings: Settings) -> Certificates:
    """The certificates of host names, and the authority of the receiver's own. Makes nothing yet."""
    home = Home(settings.home)
    authority = OwnAuthority(home.certificates / 'ca.pem', f'gitreceive on {settings.router.domain}')
    return Certificates(home.certificates, authority)


def _router_options(settings: Settings) -> RouterOptions:
    given = settings.router
    return RouterOptions(
        folder=Home(settings.home).router,
        program=_haproxy(settings),
        listen=given.listen,
        tls_listen=given.tls_listen,
        domain=given.domain,
        redirect=given.redirect,
        max_requests=given.max_requests,
        max_queued=given.max_queued,
        account=('haproxy', 'haproxy') if os.geteuid() == 0 and _is_user('haproxy') else (),
    )


def _haproxy(settings: Settings) -> str:
    """The program, also where only root's PATH leads to it; empty if there is none."""
    path = f'{os.environ.get("PATH", os.defpath)}:/usr/local/sbin:/usr/sbin:/sbin'
    return shutil.which(settings.router.haproxy, path=path) or '' if settings.router.haproxy else ''


def _is_user(name: str) -> bool:
    return any(each.pw_name == name for each in pwd.getpwall())
