"""A receiver's journal and storage with slugs in it, made without an engine."""

import gzip
import io
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from gitreceive.adapters.slugfiles.entries import GzipSlugReader
from gitreceive.adapters.storage.file import FileStorage
from gitreceive.config.home import Home
from gitreceive.journal import open_journal
from gitreceive.model.access import Actor
from gitreceive.model.app import AppName
from gitreceive.model.operation import Deploy
from gitreceive.model.process import ProcessType
from gitreceive.model.push import NO_COMMIT, Commit, RefUpdate
from gitreceive.model.release import Release
from gitreceive.model.slug import StoredSlug
from gitreceive.slugs.documents import Documents, undocumented
from gitreceive.slugs.inventory import Inventory
from gitreceive.slugs.ports import Composing
from gitreceive.slugs.retention import Retention
from gitreceive.slugs.verify import Verifier
from tests.packing import Files, packed, sha256
from tests.releases import release_of

HELLO = AppName('hello')
READER = GzipSlugReader()


class ChunkCache:
    """Below ``folder`` lie the journal and, as files, the objects."""

    def __init__(self, folder: Path, keep: int = 10) -> None:
        self.home = Home(folder)
        self.objects = folder / 'slugs'
        self.journal = open_journal(self.home)
        self.storage = FileStorage(self.objects)
        self.retention = self.retained(self.storage, keep)
        self.documents = self.documented(self.storage)

    def retained(self, storage: Composing, keep: int = 10) -> Retention:
        """What removes slugs, from any storage."""
        return Retention(journal=self.journal, storage=storage, home=self.home, keep=keep)

    def documented(self, storage: Composing) -> Documents:
        """What writes documents, into any storage."""
        return Documents(
            journal=self.journal,
            storage=storage,
            home=self.home,
            host='localhost',
            inventory=Inventory(READER),
        )

    def verifier(self, storage: Composing | None = None) -> Verifier:
        """What looks through the storage, or through another one."""
        if storage is None:
            return Verifier(retention=self.retention, documents=self.documents)
        return Verifier(retention=self.retained(storage), documents=self.documented(storage))

    def undocumented(self, app: AppName = HELLO) -> list[Release]:
        """The releases whose slugs lack a document."""
        return undocumented(self.retention.slugs(app), self.documents)

    def release(self, files: Files, app: AppName = HELLO) -> Release:
        """A release whose slug is one file."""
        content = packed(files)
        return self._released(app, content, [])

    def layered(self, *members: bytes, app: AppName = HELLO) -> Release:
        """A release whose slug is kept by its members alone."""
        return self._released(app, b''.join(members), members)

    def names(self) -> list[str]:
        """Of all objects."""
        return list(self.storage.list())

    def path(self, name: str) -> Path:
        """Where an object is."""
        return self.objects / name

    def _released(self, app: AppName, content: bytes, members: Sequence[bytes]) -> Release:
        self.journal.apps.add(app, 'refs/heads/main')
        commit = Commit(f'{len(self.journal.releases.of(app, 1000)) + 1:040x}')
        update = RefUpdate(old=NO_COMMIT, new=commit, ref='refs/heads/main')
        deploy = Deploy(update=update, options=frozenset({'nocache'}))
        self.journal.operations.submit(app, deploy, Actor(name='ann'))
        operation = self.journal.operations.claim(retries=False)
        assert operation
        digest = sha256(content)
        told = [{'sha256': sha256(member), 'size': len(member)} for member in members]
        facts = {
            **{'app': app, 'commit': commit, 'sha256': digest, 'size': len(content), 'recipe': 'a' * 64},
            **{'receiver': '0.1.0', 'bases': {'debian:12': f'sha256:{"b" * 64}'}},
        }
        self._put(f'{app}/{digest}.json', json.dumps({**facts, 'members': told}).encode())
        for member in members:
            self._put(f'{app}/members/{sha256(member)}.gz', member)
        if not members:
            self._put(f'{app}/{digest}.tgz', content)
        release = release_of(
            operation,
            StoredSlug(sha256=digest, size=len(content)),
            processes=(ProcessType(name='web', command='cat'),),
            versions={'node': '22.1.0'},
            created=1_700_000_100.25,
        )
        return self.journal.releases.record(operation, release, {'SECRET_KEY': 'word', 'A': '1'})

    def _put(self, name: str, content: bytes) -> None:
        self.path(name).parent.mkdir(parents=True, exist_ok=True)
        self.path(name).write_bytes(content)


@contextmanager
def chunk_cache(folder: Path, keep: int = 10) -> Iterator[ChunkCache]:
    """A chunk_cache that is closed again."""
    made = ChunkCache(folder, keep)
    try:
        yield made
    finally:
        made.journal.close()


def member(files: Files) -> bytes:
    """A gzip member that is no whole slug: its tar has no end."""
    tar = io.BytesIO(gzip.decompress(packed(files))).getvalue()
    return gzip.compress(tar.rstrip(b'\0') + bytes(-len(tar.rstrip(b'\0')) % 512), 1, mtime=0)
