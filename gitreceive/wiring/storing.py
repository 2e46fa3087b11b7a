"""Opens what keeps slugs, and what reads them."""

import os
from contextlib import closing
from functools import partial
from pathlib import Path

from gitreceive.adapters.slugfiles import reading
from gitreceive.adapters.slugfiles.entries import GzipSlugReader
from gitreceive.adapters.storage import Surroundings, storage_from_urls
from gitreceive.adapters.storage.secrets import NO_SECRETS, load_secrets
from gitreceive.adapters.storage.whole import composing
from gitreceive.config.home import Home
from gitreceive.config.settings import Settings
from gitreceive.journal import open_journal
from gitreceive.journal.forgetting import forget_config as forget_config
from gitreceive.model.app import AppName
from gitreceive.slugs.documents import Documents
from gitreceive.slugs.inventory import Inventory
from gitreceive.slugs.ports import Composing, SlugFiles, SlugReader
from gitreceive.slugs.retention import Retention


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


def open_reader() -> SlugReader:
    """Looks into slugs."""
    return GzipSlugReader()


def open_slug_files() -> SlugFiles:
    """Looks into slugs that are files of this host."""
    return reading
