"""Where slugs are stored: each is made of its chunks, described, read back, and reduced to its chunks."""

import contextlib
import hashlib
import logging
from collections.abc import Callable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from gitreceive.config.home import Home
from gitreceive.model.app import AppName
from gitreceive.model.errors import StorageError
from gitreceive.model.progress import Cancellation, Console
from gitreceive.model.release import Release
from gitreceive.model.slug import Chunk, LayeredSlug, StoredSlug
from gitreceive.points import point
from gitreceive.slugs.copy import copy_slug
from gitreceive.slugs.growth import report_growth
from gitreceive.slugs.lock import keeping
from gitreceive.slugs.names import FACTS, slug_name
from gitreceive.slugs.ports import Composing, SlugReader
from gitreceive.slugs.stored import complete_slug, compose_slug, facts_json, open_slug, reduce_slug, replacing
from gitreceive.slugs.verified import put_verified

PIECE = 1 << 20

log = logging.getLogger(__name__)


class StoredSlugs:
    """A storage, with the locks that keep who stores apart from who removes."""

    def __init__(self, storage: Composing, reader: SlugReader, home: Home) -> None:
        self._storage, self._reader, self._home = storage, reader, home

    def url(self, release: Release) -> str:
        """Where the release's slug lies, for people and for other hosts."""
        return self._storage.url(slug_name(release.app, release.slug.sha256))

    def keeping(self, app: AppName, cancellation: Cancellation) -> AbstractContextManager[None]:
        """As long as it lasts, no slug of the app is removed. Raises StateError, or what stopped the wait."""
        return keeping(app, self._home, cancellation)

    @contextmanager
    def storing(
        self, app: AppName, slug: LayeredSlug, facts: Mapping[str, object], folder: Path, live: str
    ) -> Iterator[StoredSlug]:
        """The stored slug; if the context fails, the whole file of the slug ``live`` is made again if need be.

        ``folder`` is for a file. Raises StorageError.
        """
        with replacing(self._storage, app, live) as former:
            yield store_slug(slug, facts, self._storage, app, folder, former)

    def report_growth(self, slug: LayeredSlug, before: Release | None, console: Console) -> None:
        """Where the slug has grown against that of a release, if it has by more than a tenth."""
        report_growth(slug, before, self._storage, self._reader, console)

    def reduce(self, app: AppName, slugs: AbstractSet[str]) -> None:
        """Removes the whole files of slugs whose chunks stay: they are shared, and the slug can be read from them."""
        for sha256 in slugs:
            try:
                reduce_slug(self._storage, app, sha256)
            except StorageError as error:
                log.warning('%s: an older slug could not be reduced to its chunks: %s', app, error)
        point('slug.reduced')

    def restore(self, app: AppName, sha256: str, check: Callable[[], None]) -> None:
        """Reads all of a slug and compares it, and makes its whole file again. Raises NoSuchObject or StorageError."""
        with open_slug(self._storage, app, sha256) as stream:
            while stream.read(PIECE):
                check()
        complete_slug(self._storage, app, sha256)

    def copy(self, source: AppName, sha256: str, target: AppName, check: Callable[[], None]) -> None:
        """Gives ``target`` a slug of ``source``. Raises NoSuchObject if that has none, or StorageError."""
        copy_slug(self._storage, source, sha256, target, work=self._home.work, check=check)


def store_slug(
    slug: LayeredSlug,
    about: Mapping[str, object],
    storage: Composing,
    app: AppName,
    folder: Path,
    former: str = '',
) -> StoredSlug:
    """Makes ``APP/<sha256>.tgz`` of the slug's chunks, then puts ``.json``: whoever sees that finds the slug.

    ``about`` (app, commit, stack, buildpack, versions, process_types) is stored with the slug's checksum, size and
    chunks; ``folder`` is for its file. ``former`` is the checksum of the app's slug whose ``.tgz`` may go, even if this
    fails: its chunks stay. Raises StorageError.
    """
    compose_slug(storage, app, slug.sha256, slug.size, slug.chunks, former)
    point('slug.composed')
    with _described(slug, about, folder) as (file, checksum):
        put_verified(storage, slug_name(app, slug.sha256, FACTS), file, checksum)
    return StoredSlug(sha256=slug.sha256, size=slug.size)


def slug_json(slug: LayeredSlug, about: Mapping[str, object]) -> bytes:
    """The content of ``slug.json``: the same facts are the same bytes. Pure."""
    chunks = [_record(chunk) for chunk in slug.chunks]
    return facts_json({**about, 'sha256': slug.sha256, 'size': slug.size, 'members': chunks})


def _record(chunk: Chunk) -> dict[str, object]:
    record: dict[str, object] = {'sha256': chunk.sha256, 'size': chunk.size}
    return {**record, 'diff_id': chunk.diff_id} if chunk.diff_id else record


@contextmanager
def _described(slug: LayeredSlug, about: Mapping[str, object], folder: Path) -> Iterator[tuple[Path, str]]:
    content = slug_json(slug, about)
    file = folder / 'slug.json'
    try:
        try:
            file.write_bytes(content)
        except OSError as error:
            raise StorageError(f'cannot write {file}: {error.strerror}') from error
        yield file, hashlib.sha256(content).hexdigest()
    finally:
        with contextlib.suppress(OSError):
            file.unlink(missing_ok=True)
