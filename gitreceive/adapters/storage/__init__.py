"""Where slugs are kept: one module for each kind of storage, chosen by the scheme of a URL."""

from collections.abc import Callable
from urllib.parse import urlsplit

from gitreceive.adapters.storage.file import FileStorage
from gitreceive.errors import SettingsError
from gitreceive.ports import Storage

STORAGES: dict[str, Callable[[str], Storage]] = {
    'file': FileStorage.from_url,
}
"""A kind of storage is a class of its own and a line here."""


def storage_from_url(url: str) -> Storage:
    """The storage that ``url`` names (``file:///var/lib/gitreceive/slugs``). Raises SettingsError for any other."""
    scheme = urlsplit(url).scheme
    if scheme not in STORAGES:
        known = ', '.join(f'{name}:' for name in sorted(STORAGES))
        raise SettingsError(
            f'storage = {url!r}: there is {known} (for example file:///var/lib/gitreceive/slugs)'
        )
    return STORAGES[scheme](url)
