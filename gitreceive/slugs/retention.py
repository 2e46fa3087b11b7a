"""Which slugs are kept, and what of a storage nobody needs."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from gitreceive.config.home import Home
from gitreceive.journal import Journal
from gitreceive.model.app import AppName
from gitreceive.model.errors import StorageError
from gitreceive.model.release import Release, ReleaseState
from gitreceive.slugs.lock import removing
from gitreceive.slugs.names import FACTS, KINDS, chunk_name, is_of_slugs, slug_name
from gitreceive.slugs.parts import checksum
from gitreceive.slugs.ports import Composing
from gitreceive.slugs.stored import chunks_of, read_manifest

CAME_UP = (ReleaseState.LIVE, ReleaseState.REPLACED)
NEEDED = (ReleaseState.CREATED, ReleaseState.STARTING, ReleaseState.LIVE)
"""Whatever their number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What the kept releases of an app need: the checksums of ``slugs`` and of their ``chunks``, and the ``objects``.

    Not ``sure``: the facts of a kept slug cannot be read, so that there may be more chunks.
    """

    slugs: frozenset[str]
    chunks: frozenset[str]
    objects: frozenset[str]
    sure: bool

    def needs(self, object_name: str) -> bool:
        """Whether this object has to stay."""
        return object_name in self.objects or (not self.sure and '/members/' in object_name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Garbage:
    """What of an app nobody needs: the names of objects and their sizes in bytes."""

    app: AppName
    objects: Mapping[str, int]

    @property
    def size(self) -> int:
        """All of it."""
        return sum(self.objects.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """Removes slugs that no kept release needs; the newest ``keep`` releases of each app keep theirs.

    The live one is kept whatever its number.
    """

    journal: Journal
    storage: Composing
    home: Home
    keep: int

    def releases(self, app: AppName) -> list[Release]:
        """Those whose slugs and commits are kept, newest first: the newest of those that were live, and what is to be.

        A release that failed takes nobody's place.
        """
        found = self.journal.releases.of(app, -1)
        came_up = [release for release in found if release.state in CAME_UP][: self.keep]
        return [release for release in found if release in came_up or release.state in NEEDED]

    def slugs(self, app: AppName) -> list[Release]:
        """The kept releases, oldest first, each slug once: of releases that share one the oldest has made it."""
        found: dict[str, Release] = {}
        for release in reversed(self.releases(app)):
            found.setdefault(release.slug.sha256, release)
        return list(found.values())

    def kept(self, app: AppName) -> Kept:
        """What the app needs."""
        slugs = {release.slug.sha256 for release in self.releases(app)}
        chunks: set[str] = set()
        sure = True
        for sha256 in slugs:
            try:
                found = chunks_of(read_manifest(self.storage, app, sha256))
            except StorageError:
                sure = False
            else:
                chunks |= {chunk.sha256 for chunk in found}
        own = {slug_name(app, sha256, kind) for sha256 in slugs for kind in KINDS}
        shared = {chunk_name(app, chunk) for chunk in chunks}
        return Kept(
            slugs=frozenset(slugs), chunks=frozenset(chunks), objects=frozenset(own | shared), sure=sure
        )

    def garbage(self, app: AppName) -> Garbage:
        """What is not needed; what this receiver did not make is none of its business. Raises StorageError."""
        with removing(app, self.home):
            return self._garbage(app, self.kept(app))

    def freeable(self) -> int:
        """How many bytes ``collect`` would free of all apps, about: nobody is waited for. Raises StorageError."""
        return sum(self._garbage(app, self.kept(app)).size for app in self.journal.apps.all())

    def collect(self, app: AppName) -> Garbage:
        """Removes it. Raises StorageError."""
        with removing(app, self.home):
            kept = self.kept(app)
            garbage = self._garbage(app, kept)
            self._delete(garbage.objects)
            self.journal.slugs.forget(app, kept.slugs | kept.chunks)
            return garbage

    def remove_all(self, app: AppName) -> int:
        """Removes all slugs of an app; returns how many objects they were. Raises StorageError."""
        with removing(app, self.home):
            found = [each for each in self.storage.list(f'{app}/') if is_of_slugs(each, app)]
            self._delete(found)
            return len(found)

    def _delete(self, objects: Iterable[str]) -> None:
        """A slug's facts go first: what has none is no slug."""
        for object_name in sorted(objects, key=lambda each: not each.endswith(FACTS)):
            self.storage.delete(object_name)

    def _garbage(self, app: AppName, kept: Kept) -> Garbage:
        stored = self.storage.list(f'{app}/')
        found = [each for each in stored if is_of_slugs(each, app) and not kept.needs(each)]
        sizes = {
            slug_name(app, each.slug.sha256): each.slug.size for each in self.journal.releases.of(app, -1)
        }
        return Garbage(app=app, objects={each: sizes.get(each) or self._size(each) for each in found})

    def _size(self, object_name: str) -> int:
        size = self.storage.size(object_name)
        if size is not None:
            return size
        try:
            with self.storage.open(object_name) as stream:
                return checksum(stream)[1]
        except StorageError:
            return 0
