"""Looks whether mirrors have what they should have, and has them sent what they have not."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gitreceive.model.app import AppName
from gitreceive.model.errors import StorageError
from gitreceive.model.release import Release
from gitreceive.slugs.documents import Documents
from gitreceive.slugs.finding import Finding
from gitreceive.slugs.names import FACTS, chunk_name, slug_name
from gitreceive.slugs.ports import Composing, Mirror, Mirroring
from gitreceive.slugs.stored import chunks_of, read_manifest
from gitreceive.slugs.verified import checksum_of


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    """An object that a mirror should have; ``parts`` are what it can be made of."""

    name: str
    sha256: str
    parts: Sequence[str] = ()


def verify_mirrors(
    app: AppName, releases: Sequence[Release], storage: Composing, documents: Documents
) -> Iterator[Finding]:
    """What mirrors lack of the slugs of ``releases``, which are as they should be in the first storage.

    What is only on its way is not looked at. What is missing or damaged is sent again, also to a mirror that is new.
    Raises StorageError.
    """
    for mirror in storage.mirrors if isinstance(storage, Mirroring) else ():
        waiting = mirror.waiting(f'{app}/')
        if waiting:
            why = f'{len(waiting):,} objects of {app} are still to be sent or removed'
            yield Finding(what='behind', mirror=mirror.address, why=why)
        try:
            yield from _compared(mirror, set(waiting), releases, storage, documents)
        except StorageError as error:
            yield Finding(what='unreadable', mirror=mirror.address, why=str(error))


def _compared(
    mirror: Mirror, known: set[str], releases: Sequence[Release], storage: Composing, documents: Documents
) -> Iterator[Finding]:
    for release in releases:
        for each in _wanted(mirror, release, storage, documents):
            if each.name in known:
                continue
            known.add(each.name)
            found = checksum_of(mirror.storage, each.name)
            if found != each.sha256:
                mirror.send(each.name, each.parts)
                yield Finding(
                    object=each.name,
                    what='damaged' if found else 'missing',
                    why='the daemon sends it again',
                    release=f'{release.app} v{release.version}',
                    mirror=mirror.address,
                )


def _wanted(mirror: Mirror, release: Release, storage: Composing, documents: Documents) -> Iterator[_Wanted]:
    """Of a slug: its chunks where the mirror composes, else the whole; its facts; its documents."""
    app, sha256 = release.app, release.slug.sha256
    chunks = chunks_of(read_manifest(storage, app, sha256)) if storage.keeps_parts else ()
    parts = [chunk_name(app, each.sha256) for each in chunks]
    whole = slug_name(app, sha256)
    composes = bool(chunks) and isinstance(mirror.storage, Composing)
    if composes:
        yield from (_Wanted(name=name, sha256=each.sha256) for name, each in zip(parts, chunks, strict=True))
    if not composes or storage.size(whole) == release.slug.size:
        yield _Wanted(name=whole, sha256=sha256, parts=parts)
    facts = slug_name(app, sha256, FACTS)
    yield _Wanted(name=facts, sha256=checksum_of(storage, facts))
    for kind, checksum in documents.recorded(release).items():
        yield _Wanted(name=slug_name(app, sha256, kind), sha256=checksum)
