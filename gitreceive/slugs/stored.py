"""Slugs in storage: ``APP/<sha256>.json`` says what a slug is made of, and is written last.

Its chunks are ``APP/members/<sha256>.gz``, shared by the slugs of the app. ``APP/<sha256>.tgz`` is the whole slug, for
people and other hosts; it may be missing where the storage keeps chunks, for it can be made of them again.
"""

import contextlib
import hashlib
import json
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager

from gitreceive.model.app import AppName
from gitreceive.model.errors import StorageError
from gitreceive.model.slug import Chunk
from gitreceive.slugs.names import FACTS, chunk_name, slug_name
from gitreceive.slugs.ports import Composing, Storage
from gitreceive.slugs.verified import checksum_of

MANIFEST_LIMIT = 16_000_000


def read_manifest(storage: Storage, app: AppName, sha256: str) -> Mapping[str, object]:
    """The facts of a stored slug. Raises StorageError if there is no such slug, or if they cannot be read."""
    name = slug_name(app, sha256, FACTS)
    with storage.open(name) as stream:
        content = stream.read(MANIFEST_LIMIT)
    try:
        found = json.loads(content)
        return {**found, 'size': int(found['size'])}
    except (ValueError, KeyError, TypeError) as error:
        raise StorageError(f'{name} in storage is damaged ({error}): push the app again') from error


def facts_json(facts: Mapping[str, object]) -> bytes:
    """The facts of a slug as they are stored: the same ones are the same bytes. Pure."""
    return json.dumps(facts, sort_keys=True, ensure_ascii=False, separators=(',', ':')).encode() + b'\n'


def chunks_of(manifest: Mapping[str, object]) -> Sequence[Chunk]:
    """The chunks that a manifest lists, in their order; none for a slug that was stored whole. Pure.

    Raises StorageError if the list is damaged.
    """
    listed = manifest.get('members')
    if not isinstance(listed, list):
        return ()
    try:
        return tuple(
            Chunk(sha256=str(each['sha256']), size=int(each['size']), diff_id=str(each.get('diff_id', '')))
            for each in listed
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise StorageError(
            f'the list of chunks of a slug is damaged ({error!r}): push the app again'
        ) from error


def compose_slug(
    storage: Composing, app: AppName, sha256: str, size: int, chunks: Sequence[Chunk], former: str = ''
) -> str:
    """Makes the ``.tgz`` of the chunks, and returns its URL.

    ``former`` is the checksum of a slug whose own ``.tgz`` may go. Raises StorageError if the new one does not get its
    size.
    """
    name = slug_name(app, sha256)
    parts = [chunk_name(app, chunk.sha256) for chunk in chunks]
    storage.compose(name, parts, slug_name(app, former) if former else '')
    found = storage.size(name)
    if found != size:
        storage.delete(name)
        raise StorageError(f'{name} has {found} bytes instead of {size} after it was made of its chunks')
    return storage.url(name)


def complete_slug(storage: Composing, app: AppName, sha256: str, *, thoroughly: bool = False) -> bool:
    """Makes a ``.tgz`` again that is missing or was cut by a power failure; whether it had to. Raises StorageError.

    ``thoroughly``: also one that has its size and other bytes, for which all of it is read.
    """
    manifest, whole = read_manifest(storage, app, sha256), slug_name(app, sha256)
    chunks, size = chunks_of(manifest), int(str(manifest['size']))
    if not (storage.keeps_parts and chunks):
        return False
    if storage.size(whole) == size and not (thoroughly and checksum_of(storage, whole) != sha256):
        return False
    compose_slug(storage, app, sha256, size, chunks)
    return True


@contextmanager
def replacing(storage: Composing, app: AppName, former: str) -> Iterator[str]:
    """``former``, the checksum of the live slug, while the next one is stored and released.

    If that fails, the ``.tgz`` that the storage may have made the next one of is made again.
    """
    try:
        yield former
    except BaseException:
        if former:
            with contextlib.suppress(StorageError):  # the failure itself is what has to be told
                complete_slug(storage, app, former)
        raise


def reduce_slug(storage: Composing, app: AppName, sha256: str) -> None:
    """Removes the ``.tgz`` of a slug whose chunks stay. Raises StorageError."""
    if storage.keeps_parts and chunks_of(read_manifest(storage, app, sha256)):
        storage.delete(slug_name(app, sha256))


@contextmanager
def open_slug(storage: Composing, app: AppName, sha256: str) -> Iterator['SlugStream']:
    """The bytes of a slug: from its ``.tgz`` if that is there and has its size, else from its chunks.

    Raises StorageError if there is no such slug; reading raises it, at the end, if the bytes have another checksum.
    """
    manifest = read_manifest(storage, app, sha256)
    whole = slug_name(app, sha256)
    names = [chunk_name(app, chunk.sha256) for chunk in chunks_of(manifest)]
    if not names or not storage.keeps_parts or storage.size(whole) == manifest['size']:
        names = [whole]
    stream = SlugStream(_pieces(storage, names), sha256, whole)
    try:
        yield stream
    finally:
        stream.close()


class SlugStream:
    """The bytes of a slug, which are compared with its checksum when the last one has been read."""

    def __init__(self, pieces: Generator[bytes, None, None], sha256: str, name: str) -> None:
        self._pieces = pieces
        self._sha256, self._name = sha256, name
        self._digest = hashlib.sha256()
        self._waiting = bytearray()
        self._ended = False

    def read(self, size: int) -> bytes:
        """``size`` bytes, fewer only at the end. Raises StorageError there if this is not what was stored."""
        while len(self._waiting) < size and not self._ended:
            piece = next(self._pieces, b'')
            self._ended = not piece
            self._digest.update(piece)
            self._waiting += piece
        if self._ended and self._digest.hexdigest() != self._sha256:
            raise StorageError(
                f'{self._name} was changed in storage (sha256 {self._digest.hexdigest()}): "gitreceive slug verify" '
                'makes it again if its chunks are right; else push the app again'
            )
        found = bytes(self._waiting[:size])
        del self._waiting[:size]
        return found

    def close(self) -> None:
        """Ends the reading."""
        self._pieces.close()


def _pieces(storage: Composing, names: Sequence[str]) -> Generator[bytes, None, None]:
    for name in names:
        with storage.open(name) as stream:
            while piece := stream.read(1 << 20):
                yield piece
