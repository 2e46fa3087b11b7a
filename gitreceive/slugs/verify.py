"""Reads everything in storage that is needed, and compares it with what was recorded when it was stored."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from gitreceive.model.app import AppName
from gitreceive.model.errors import StorageError
from gitreceive.model.release import Release
from gitreceive.slugs.documents import DOCUMENTS, Documents
from gitreceive.slugs.finding import Finding
from gitreceive.slugs.lock import keeping
from gitreceive.slugs.mirrors import verify_mirrors
from gitreceive.slugs.names import FACTS, chunk_name, is_of_slugs, slug_name
from gitreceive.slugs.parts import checksum
from gitreceive.slugs.ports import Mirroring, Storage
from gitreceive.slugs.restoring import restore_object
from gitreceive.slugs.retention import Retention
from gitreceive.slugs.stored import chunks_of, complete_slug, read_manifest
from gitreceive.slugs.verified import checksum_of

MADE_AGAIN = 'made again'
NOT_NEEDED = 'no kept release needs it; "gitreceive gc" removes it'
NOT_OURS = 'it was not made by a receiver, and nothing removes it'


@dataclass(frozen=True, slots=True, kw_only=True)
class Verifier:
    """Looks through a storage. What is made of slugs (``documents``) is made again if it is not right."""

    retention: Retention
    documents: Documents

    def verify_storage(self) -> Iterator[Finding]:
        """All apps. Raises StorageError if the storage cannot be listed."""
        apps = self.retention.journal.apps.all()
        for app in apps:
            yield from self.verify_app(app)
        for each in self.retention.storage.list():
            if each.partition('/')[0] not in apps:
                yield Finding(
                    object=each, what='superfluous', why='it belongs to no app, and nothing removes it'
                )

    def verify_app(self, app: AppName) -> Iterator[Finding]:
        """One app's slugs, also at mirrors."""
        with keeping(app, self.retention.home):
            check, good = _Check(app, self.retention, self.documents), []
            for release in self.retention.slugs(app):
                found = list(check.slug(release))
                yield from found
                if not any(each.harms for each in found):
                    yield from check.released_documents(release)
                    good.append(release)
            yield from verify_mirrors(app, good, self.retention.storage, self.documents)
        for each in self.retention.garbage(app).objects:
            yield Finding(object=each, what='superfluous', why=NOT_NEEDED)
        for each in check.names:
            if not is_of_slugs(each, app):
                yield Finding(object=each, what='superfluous', why=NOT_OURS)


class _Check:
    """Looks at an app's objects, at each one once."""

    def __init__(self, app: AppName, retention: Retention, documents: Documents) -> None:
        self._app, self._storage, self._documents = app, retention.storage, documents
        self._releases, self._work = retention.journal.releases.of(app, -1), retention.home.work
        self.names = set(self._storage.list(f'{app}/'))
        self._seen: dict[str, Finding | None] = {}
        self._mirrors = self._storage.mirrors if isinstance(self._storage, Mirroring) else ()

    def slug(self, release: Release) -> Iterator[Finding]:
        """What is wrong with a release's slug."""
        wanted, wrong = self._facts(release)
        wrong += [self._returned(each, sha) for each, sha in wanted.items() if self._compared(each, sha)]
        whole, sha256 = slug_name(self._app, release.slug.sha256), release.slug.sha256
        if (not wanted or whole in self.names) and (found := self._compared(whole, sha256)):
            lost = not wanted or any(each.harms for each in wrong)
            wrong.append(self._returned(whole, sha256) if lost else self._made_again(found, whole, sha256))
        yield from (replace(each, release=f'{release.app} v{release.version}') for each in wrong)

    def released_documents(self, release: Release) -> Iterator[Finding]:
        """The documents of a whole slug that had to be made again."""
        recorded = self._documents.recorded(release)
        for kind in DOCUMENTS:
            each = slug_name(release.app, release.slug.sha256, kind)
            wrong = self._compared(each, recorded.get(kind, ''))
            if wrong:
                self._documents.write(release, kind)
                shown = f'{release.app} v{release.version}'
                yield Finding(object=each, what=MADE_AGAIN, why=f'it was {wrong.what}', release=shown)

    def _facts(self, release: Release) -> tuple[dict[str, str], list[Finding]]:
        """The objects of the chunks that have to be there, with their checksums; what is wrong with the facts."""
        name = slug_name(self._app, release.slug.sha256, FACTS)
        try:
            return self._chunks(release, self._storage), []
        except StorageError as error:
            found = Finding(object=name, what='damaged', why=str(error))
            if name not in self.names:
                found = Finding(object=name, what='missing')
        for mirror in self._mirrors:
            with suppress(StorageError):
                chunks = self._chunks(release, mirror.storage)
                self._seen[name] = found
                return chunks, [self._returned(name, checksum_of(mirror.storage, name))]
        return {}, [found]

    def _chunks(self, release: Release, storage: Storage) -> dict[str, str]:
        """What the facts there say. Raises StorageError for wrong ones."""
        facts = read_manifest(storage, release.app, release.slug.sha256)
        commits = [each.commit for each in self._releases if each.slug.sha256 == release.slug.sha256]
        expected: dict[str, Sequence[object]] = {
            'app': [release.app],
            'commit': commits,
            'sha256': [release.slug.sha256],
            'size': [release.slug.size],
        }
        for key, values in expected.items():
            if facts.get(key) not in values:
                raise StorageError(f'it says {key} {facts.get(key)!r:.80}, and the journal {values[0]!r}')
        if not self._storage.keeps_parts:
            return {}
        return {chunk_name(self._app, each.sha256): each.sha256 for each in chunks_of(facts)}

    def _returned(self, name: str, sha256: str) -> Finding:
        """What is told of an object that is not right: a mirror may have it as it should be."""
        found = self._seen[name]
        assert found
        try:
            mirror = restore_object(name, sha256, self._storage, self._work)
        except StorageError as error:
            return replace(found, why=f'{found.why}; it could not be stored again: {error}')
        if not mirror:
            return found
        self._seen[name] = None
        return replace(found, what=MADE_AGAIN, why=f'it was {found.what}; {mirror} had it')

    def _made_again(self, found: Finding, whole: str, sha256: str) -> Finding:
        """A whole slug of which only the chunks are right is made of them; what is to be told of it."""
        try:
            complete_slug(self._storage, self._app, sha256, thoroughly=True)
        except StorageError as error:
            return replace(
                found, why=f'{found.why}; its chunks are right, but it could not be made of them: {error}'
            )
        again = self._look(whole, sha256)
        return again or replace(
            found, what=MADE_AGAIN, why=f'{found.why}; its chunks are as they were stored'
        )

    def _compared(self, object_name: str, expected: str) -> Finding | None:
        if object_name not in self._seen:
            self._seen[object_name] = self._look(object_name, expected)
        return self._seen[object_name]

    def _look(self, object_name: str, expected: str) -> Finding | None:
        if object_name not in self.names:
            return Finding(object=object_name, what='missing')
        try:
            with self._storage.open(object_name) as stream:
                found, size = checksum(stream)
        except StorageError as error:
            return Finding(object=object_name, what='damaged', why=str(error))
        if found == expected:
            return None
        return Finding(object=object_name, what='damaged', why=f'its {size:,} bytes have the sha256 {found}')
