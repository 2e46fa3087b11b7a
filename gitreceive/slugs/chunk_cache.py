"""The chunks of slugs that are in storage already, by what they were packed from.

The bytes are in the storage alone. Here is an index, one small file for each app: a part's key to its chunk. It may be
lost at any time; then the part is packed again and comes out as the same bytes. A chunk counts only if the storage has
an object of its size; its bytes are read and compared once in the life of this process, when they are summed up.
"""

import contextlib
import hashlib
import json
import os
import threading
from collections import OrderedDict
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING

from gitreceive.model.app import AppName
from gitreceive.model.errors import StateError, StorageError
from gitreceive.model.slug import Chunk
from gitreceive.slugs.names import chunk_name
from gitreceive.slugs.ports import Composing
from gitreceive.slugs.verified import PIECE, put_verified

if TYPE_CHECKING:
    from hashlib import _Hash

KEPT = 64
"""Parts of an app that are remembered, the newest ones: an app has about three at a time."""

SUMS = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Sum:
    """The checksum of a row of chunks; a value, as long as nobody but a copy of ``digest`` is written to."""

    chunks: tuple[str, ...] = ()
    size: int = 0
    digest: '_Hash' = field(default_factory=hashlib.sha256)

    @property
    def sha256(self) -> str:
        """The checksum in hexadecimal."""
        return self.digest.hexdigest()


class ChunkCache:
    """Members in ``storage``, with the index below ``folder``. The builds of one app come one after the other."""

    def __init__(self, storage: Composing, folder: Path) -> None:
        self._storage = storage
        self._folder = folder
        self._sums: OrderedDict[tuple[str, ...], Sum] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, app: AppName, key: str, before: Sum) -> tuple[Chunk, Sum] | None:
        """The chunk that was packed from ``key``, and the sum of ``before`` and it; None if it has to be packed."""
        chunk = self._used(app, key)
        if chunk is None or chunk.size == 0:
            return (chunk, before) if chunk else None
        if self._storage.size(chunk_name(app, chunk.sha256)) != chunk.size:
            return None
        with self._lock:
            known = self._sums.get((*before.chunks, chunk.sha256))
        after = known or self._added(app, before, chunk)
        return (chunk, after) if after else None

    def keep(self, app: AppName, key: str, chunk: Chunk, file: Path) -> bool:
        """Stores a chunk that has just been packed, verified, and remembers it; False if it was there already.

        Raises StorageError.
        """
        name = chunk_name(app, chunk.sha256)
        new = chunk.size > 0 and self._storage.size(name) != chunk.size
        if chunk.size:
            put_verified(self._storage, name, file, chunk.sha256)
        index = self._index(app)
        index.pop(key, None)
        self._write(app, {**index, key: chunk})
        return new

    def open(self, app: AppName, chunk: Chunk) -> AbstractContextManager[IO[bytes]]:
        """A stream of a chunk's bytes. Raises StorageError if it is not there."""
        return self._storage.open(chunk_name(app, chunk.sha256))

    def drop(self, app: AppName, chunk: Chunk) -> None:
        """Removes a chunk that no slug has."""
        self._storage.delete(chunk_name(app, chunk.sha256))

    def forget(self, app: AppName) -> None:
        """Forgets all of an app."""
        with contextlib.suppress(OSError):
            (self._folder / f'{app}.json').unlink(missing_ok=True)

    def remember(self, total: Sum) -> None:
        """Keeps a sum, for slugs that begin with the same chunks."""
        with self._lock:
            self._sums[total.chunks] = total
            self._sums.move_to_end(total.chunks)
            while len(self._sums) > SUMS:
                self._sums.popitem(last=False)

    def _used(self, app: AppName, key: str) -> Chunk | None:
        """What is known of a part. What is used stays: of many parts it counts as a new one."""
        index = self._index(app)
        chunk = index.get(key)
        if chunk and key not in list(index)[-KEPT // 2 :]:
            del index[key]
            self._write(app, {**index, key: chunk})
        return chunk

    def _added(self, app: AppName, before: Sum, chunk: Chunk) -> Sum | None:
        """Reads the chunk; None if it is not what it was when it was stored."""
        own, whole = hashlib.sha256(), before.digest.copy()
        try:
            with self._storage.open(chunk_name(app, chunk.sha256)) as stream:
                while piece := stream.read(PIECE):
                    own.update(piece)
                    whole.update(piece)
        except StorageError:
            return None
        if own.hexdigest() != chunk.sha256:
            return None
        after = Sum(chunks=(*before.chunks, chunk.sha256), size=before.size + chunk.size, digest=whole)
        self.remember(after)
        return after

    def _index(self, app: AppName) -> dict[str, Chunk]:
        """Empty if the file is missing or damaged."""
        try:
            found = json.loads((self._folder / f'{app}.json').read_bytes())
            return {
                str(key): Chunk(
                    sha256=str(each['sha256']),
                    size=int(each['size']),
                    left_out=tuple(each['left_out']),
                    diff_id=str(each.get('diff_id', '')),
                )
                for key, each in found.items()
            }
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return {}

    def _write(self, app: AppName, index: dict[str, Chunk]) -> None:
        newest = dict(list(index.items())[-KEPT:])
        file = self._folder / f'{app}.json'
        temporary = file.with_suffix('.new')
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            temporary.write_text(json.dumps({key: asdict(chunk) for key, chunk in newest.items()}))
            os.replace(temporary, file)
        except OSError as error:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)
            raise StateError(f'cannot write {file}: {error.strerror}') from error
