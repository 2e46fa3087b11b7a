"""Where slugs are kept: one module for each kind of storage, chosen by the scheme of a URL."""

import hashlib
import importlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from gitreceive.adapters.storage.file import FileStorage
from gitreceive.adapters.storage.heroku import HerokuStorage
from gitreceive.adapters.storage.http import HttpStorage
from gitreceive.adapters.storage.mirrors import mirrored
from gitreceive.adapters.storage.numbers import Versions
from gitreceive.adapters.storage.secrets import NO_SECRETS, Secrets
from gitreceive.model.errors import SettingsError
from gitreceive.slugs.ports import Storage


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a storage may need beside its URL: secrets, a directory of its own, the releases, the environment."""

    secrets: Secrets = NO_SECRETS
    folder: Path | None = None
    versions: Versions | None = None
    environ: Mapping[str, str] = field(default_factory=dict, repr=False)


NOTHING = Surroundings()
WHO = re.compile('//[^/]*@')
"""User and password in a URL, which nobody should see who reads an error."""
Opener = Callable[[str, Surroundings], Storage]


def _extra(module: str) -> Opener:
    """Of a module whose library is an extra: imported when a setting names it, and not before."""

    def opener(url: str, around: Surroundings) -> Storage:
        try:
            found = importlib.import_module(f'gitreceive.adapters.storage.{module}')
        except ModuleNotFoundError as error:
            raise SettingsError(
                f'storage.url = {urlsplit(url).scheme}: needs the package {error.name}: pip install "gitreceive[stores]"'
            ) from error
        storage: Storage = found.from_url(url)
        return storage

    return opener


def _http(url: str, around: Surroundings) -> Storage:
    own = around.folder / 'http' / hashlib.sha256(url.encode()).hexdigest()[:16] if around.folder else None
    return HttpStorage.from_url(url, around.secrets, own, around.versions)


def _heroku(url: str, around: Surroundings) -> Storage:
    if around.folder is None:
        raise SettingsError("storage.url = heroku: needs the receiver's home")
    return HerokuStorage.from_url(url, around.folder / 'heroku', around.environ)


STORAGES: dict[str, Opener] = {
    'file': lambda url, around: FileStorage.from_url(url),
    'http': _http,
    'https': _http,
    's3': _extra('s3'),
    'gs': _extra('objects'),
    'az': _extra('objects'),
    'heroku': _heroku,
}
"""A kind of storage is a module of its own and a line here."""


def storage_from_urls(urls: Sequence[str], around: Surroundings = NOTHING) -> Storage:
    """The storage that the first URL names (``file:///var/lib/gitreceive/slugs``); the others mirror it.

    Without a directory in the surroundings there are no mirrors: enough to read. Raises SettingsError for what names
    no storage.
    """
    first, *others = [_one(url, around) for url in (urls if around.folder else urls[:1])]
    if not others or not around.folder:
        return first
    return mirrored(first, list(zip(urls[1:], others, strict=True)), around.folder / 'mirrors')


def _one(url: str, around: Surroundings) -> Storage:
    scheme = url.partition(':')[0]
    if scheme not in STORAGES:
        known = ', '.join(f'{name}:' for name in sorted(STORAGES))
        raise SettingsError(
            f'storage.url = {WHO.sub("//", url.partition("?")[0])!r}: there is {known} (for example file:///var/lib/gitreceive/slugs)'
        )
    return STORAGES[scheme](url, around)
