"""Puts the parts together: the only module that names adapters."""

import os
import uuid
from collections.abc import Mapping
from contextlib import closing
from functools import partial
from pathlib import Path

from gitreceive.adapters.buildkit.builder import DockerImageBuilder
from gitreceive.adapters.docker.engine import Engine
from gitreceive.adapters.docker.foreground import DockerContainers
from gitreceive.adapters.docker.slugrun import DockerSlugRunner
from gitreceive.adapters.platform.heroku import HEROKU as HEROKU
from gitreceive.adapters.platform.heroku import HerokuPlatform
from gitreceive.adapters.slugfiles import reading
from gitreceive.adapters.slugfiles.entries import GzipSlugReader
from gitreceive.adapters.slugfiles.packer import DockerSlugPacker
from gitreceive.adapters.storage import Surroundings, storage_from_url
from gitreceive.adapters.storage.secrets import NO_SECRETS, load_secrets
from gitreceive.adapters.storage.whole import composing
from gitreceive.build.deploy import Line
from gitreceive.build.platforms import open_planner
from gitreceive.config.home import Home
from gitreceive.config.settings import Settings
from gitreceive.journal import open_journal
from gitreceive.local.ports import LocalBuilder, Platform
from gitreceive.model.app import AppName
from gitreceive.model.errors import GitReceiveError
from gitreceive.run.ports import Containers, SlugRunner
from gitreceive.slugs.chunk_cache import ChunkCache
from gitreceive.slugs.ports import Composing, SlugFiles, SlugPacker, SlugReader
from gitreceive.slugs.retention import Keeper

PING_SECONDS = 1.0


def open_line(settings: Settings) -> Line:
    """The line with its real parts. Opens the journal; connects to nothing."""
    engine = Engine(settings.engine.url)
    home = Home(settings.home)
    keeper = open_keeper(settings)
    storage = keeper.storage
    return Line(
        home=home,
        journal=keeper.journal,
        limits=settings.limits,
        planner=open_planner(settings),
        builder=DockerImageBuilder(engine, str(settings.home), secret=uuid.uuid4().hex),
        packer=DockerSlugPacker(engine),
        reader=GzipSlugReader(),
        storage=storage,
        chunk_cache=ChunkCache(storage, home.chunk_cache),
        keeper=keeper,
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
    return composing(storage_from_url(settings.storage_url, around), home.chunks)


def _versions(home: Home, app: str, sha256: str) -> tuple[int | None, int]:
    with closing(open_journal(home)) as journal:
        return journal.releases.versions(AppName(app), sha256)


def open_keeper(settings: Settings) -> Keeper:
    """What looks after stored slugs. Opens the journal; connects to nothing."""
    home = Home(settings.home)
    journal = open_journal(home)
    return Keeper(
        journal=journal,
        storage=open_storage(settings),
        home=home,
        keep=settings.storage.keep_releases,
        host=settings.ssh.host,
    )


def engine_answers(settings: Settings) -> bool:
    """Whether the engine can be spoken to right now; asks for at most a second."""
    try:
        client = Engine(settings.engine.url).connect(PING_SECONDS)
    except GitReceiveError:
        return False
    client.close()
    return True


def local_builder(settings: Settings, name: str) -> LocalBuilder:
    """A builder of images that carry ``name`` instead of a receiver's."""
    return DockerImageBuilder(Engine(settings.engine.url), name)


def open_packer(settings: Settings) -> SlugPacker:
    """Reads slugs out of the engine's images."""
    return DockerSlugPacker(Engine(settings.engine.url))


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
