"""What there is of a slug in storage, and how to read it in parts or as a file."""

import hashlib
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO

from gitreceive.model.app import AppName
from gitreceive.model.errors import SlugError
from gitreceive.model.slug import Chunk
from gitreceive.slugs.names import chunk_name, slug_name
from gitreceive.slugs.ports import Composing
from gitreceive.slugs.stored import chunks_of, open_slug, read_manifest

PIECE = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A run of a slug's bytes that can be read alone: the whole file, or one of its chunks.

    ``diff_id`` is the checksum of what it unpacks to, empty if that was not recorded.
    """

    sha256: str
    size: int
    open: Callable[[], AbstractContextManager[IO[bytes]]]
    diff_id: str = ''


def parts(storage: Composing, app: AppName, sha256: str) -> Sequence[Part]:
    """What a stored slug consists of, in its order. Raises StorageError if there is no such slug."""
    manifest = read_manifest(storage, app, sha256)
    chunks = chunks_of(manifest)
    if not chunks or not (storage.keeps_parts or _all_there(chunks, storage, app)):
        size = manifest['size']
        assert isinstance(size, int)
        whole = partial(storage.open, slug_name(app, sha256))
        return [Part(sha256=sha256, size=size, open=whole)]
    return chunk_parts(storage, app, chunks)


def _all_there(chunks: Sequence[Chunk], storage: Composing, app: AppName) -> bool:
    return all(storage.size(chunk_name(app, each.sha256)) == each.size for each in chunks)


def chunk_parts(storage: Composing, app: AppName, chunks: Sequence[Chunk]) -> Sequence[Part]:
    """Chunks in storage, each to be read alone."""
    return [
        Part(
            sha256=each.sha256,
            size=each.size,
            open=partial(storage.open, chunk_name(app, each.sha256)),
            diff_id=each.diff_id,
        )
        for each in chunks
    ]


def fetch_slug(storage: Composing, app: AppName, sha256: str, target: Path) -> None:
    """Writes a slug's bytes to ``target``. Raises StorageError, and leaves no file, if they are not what was stored."""
    try:
        with open_slug(storage, app, sha256) as stream, target.open('xb') as file:
            while piece := stream.read(PIECE):
                file.write(piece)
    except BaseException as error:
        target.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise SlugError(f'cannot write the slug to {target}: {error.strerror}') from error
        raise


def checksum(stream: IO[bytes]) -> tuple[str, int]:
    """SHA-256 and length of what is left of a stream."""
    digest, size = hashlib.sha256(), 0
    while piece := stream.read(PIECE):
        digest.update(piece)
        size += len(piece)
    return digest.hexdigest(), size
