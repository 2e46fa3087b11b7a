"""Lets a storage that keeps whole objects only be used like one that composes them: members stay on this host.

For storages behind HTTP and the like. What has to be sent is the whole slug, but only what is new has to be packed.
"""

import contextlib
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import IO

from gitreceive.adapters.storage.file import FileStorage
from gitreceive.slugs.ports import Composing, Mirror, Mirroring, Storage
from gitreceive.slugs.verified import checksum_of, put_verified

MEMBER = re.compile(r'[^/]+/members/[^/]+')
MOST_BYTES = 5_000_000_000
"""Of members on this host; the ones that were used least recently go. They are packed again when they are needed."""


def composing(storage: Storage, folder: Path) -> Composing:
    """The storage itself if it composes, else one that does so with members below ``folder``."""
    return storage if isinstance(storage, Composing) else WholeSlugs(storage, folder)


class WholeSlugs:
    """Satisfies ``Composing``: members are files below ``folder``, all else is in ``remote``."""

    keeps_parts = False

    def __init__(self, remote: Storage, folder: Path, most: int = MOST_BYTES) -> None:
        self._remote, self._near = remote, FileStorage(folder)
        self._folder, self._most = folder, most
        self._sizes: dict[str, int] = {}

    @property
    def mirrors(self) -> Sequence[Mirror]:
        """See ``Mirroring``."""
        return self._remote.mirrors if isinstance(self._remote, Mirroring) else ()

    def put(self, name: str, file: Path) -> str:
        """See the port."""
        if MEMBER.fullmatch(name):
            self._make_room(file.stat().st_size)
        return self._of(name).put(name, file)

    def url(self, name: str) -> str:
        """See the port."""
        return self._of(name).url(name)

    def open(self, name: str) -> AbstractContextManager[IO[bytes]]:
        """See the port."""
        return self._of(name).open(name)

    def list(self, prefix: str = '') -> Iterator[str]:
        """See the port."""
        yield from sorted({*self._remote.list(prefix), *self._near.list(prefix)})

    def delete(self, name: str) -> None:
        """See the port. Of a whole also what a death in the middle of ``compose`` has left here."""
        self._sizes.pop(name, None)
        self._of(name).delete(name)
        self._near.delete(name)

    def sweep(self) -> int:
        """See the port."""
        return self._remote.sweep() + self._near.sweep()

    def size(self, name: str) -> int | None:
        """See the port. Of what is remote it is known only of what was composed by this process."""
        if not MEMBER.fullmatch(name):
            return self._sizes.get(name)
        self._use(name)
        return self._near.size(name)

    def compose(self, name: str, parts: Sequence[str], instead_of: str = '') -> str:
        """See the port: the whole is put together here, sent, and read back."""
        self._near.compose(name, parts)
        for part in parts:
            self._use(part)
        try:
            url = put_verified(self._remote, name, self._folder / name, checksum_of(self._near, name))
            self._sizes[name] = (self._folder / name).stat().st_size
            return url
        finally:
            self._near.delete(name)

    def _of(self, name: str) -> Storage:
        return self._near if MEMBER.fullmatch(name) else self._remote

    def _use(self, name: str) -> None:
        with contextlib.suppress(OSError):
            os.utime(self._folder / name)

    def _make_room(self, size: int) -> None:
        """Removes members until ``size`` bytes more are within the bound, those first that were not used for longest."""
        found = []
        for name in self._near.list():
            with contextlib.suppress(OSError):
                about = (self._folder / name).stat()
                found.append((about.st_mtime, about.st_size, name))
        total = size + sum(bytes_ for _, bytes_, _ in found)
        for _, bytes_, name in sorted(found):
            if total <= self._most:
                return
            self._near.delete(name)
            total -= bytes_
