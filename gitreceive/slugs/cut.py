"""Cuts the slug into chunks: packs what is new in an image, and takes all else from where it was stored before."""

import contextlib
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, cast

from gitreceive.config.settings import Limits
from gitreceive.model.app import AppName
from gitreceive.model.errors import SlugError, StorageError
from gitreceive.model.progress import Cancellation
from gitreceive.model.slug import Chunk, LayeredSlug, SlugOrder
from gitreceive.points import point
from gitreceive.slugs.chunk_cache import ChunkCache, Sum
from gitreceive.slugs.measured import GaveUp, Measured, refuse_without_files, too_large, unpacked_reported
from gitreceive.slugs.ports import Packed, SlugPacker, SlugPart
from gitreceive.slugs.scan import Scan


@dataclass(frozen=True, slots=True, kw_only=True)
class Cutter:
    """Cuts slugs with these parts. ``scan`` makes the scan of an app's chunks, for config vars that may be secret."""

    packer: SlugPacker
    chunk_cache: ChunkCache
    scan: Callable[[AppName, Mapping[str, str], Cancellation], Scan]
    limits: Limits

    def cut(self, order: SlugOrder, cancellation: Cancellation) -> LayeredSlug:
        """See ``cut_chunks``."""
        scan = self.scan(order.app, order.secrets, cancellation)
        return cut_chunks(order, self.packer, self.chunk_cache, scan, self.limits, cancellation)


def cut_chunks(
    order: SlugOrder,
    packer: SlugPacker,
    chunk_cache: ChunkCache,
    scan: Scan,
    limits: Limits,
    cancellation: Cancellation,
) -> LayeredSlug:
    """The slug, all of whose chunks are stored then: each is scanned and stored while the next one is packed.

    Raises what ``scan`` raises, SlugError (too large, with the largest directories; nothing to pack; no room),
    StorageError, EngineGone, BuildTimeout or BuildCancelled. Then no file is left, and no chunk that was not there.
    """
    chunks: list[Chunk] = []
    sums, total, new = [], Sum(), 0
    sizes = partial(packer.sizes, order.image, cancellation)
    with _storing(order.app, chunk_cache, scan) as storing, unpacked_reported(sizes):
        for number, part in enumerate(packer.parts(order.image, order.mtime, cancellation)):
            cancellation.check()
            taken = chunk_cache.take(order.app, part.key, total)
            if taken:
                chunk, total = taken
                storing.scan(chunk)
            else:
                file = order.folder / f'{number}.gz'
                chunk, total = _packed(part, file, total, limits.slug_bytes, cancellation)
                new += chunk.size
                storing.put(part.key, chunk, file)
            chunks += [chunk] if chunk.size else []
            sums.append(total)
            if total.size > limits.slug_bytes:
                raise SlugError(too_large(total.size, limits.slug_bytes, sizes()))
        refuse_without_files(total.size, sizes)
    for each in sums:
        chunk_cache.remember(each)
    return LayeredSlug(chunks=tuple(chunks), sha256=total.sha256, size=total.size, new=new)


def _packed(
    part: SlugPart, file: Path, before: Sum, limit: int, cancellation: Cancellation
) -> tuple[Chunk, Sum]:
    """A chunk in ``file``, and the sum with it; of a slug that is too large only the size is right."""
    whole, packed = before.digest.copy(), Packed()
    try:
        with file.open('xb') as sink:
            measured = Measured(sink, limit, before.size, whole)
            try:
                packed = part.pack(cast(IO[bytes], measured), cancellation)
            except GaveUp:
                pass
    except BaseException as error:
        file.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise SlugError(f'cannot write the slug to {file}: {error.strerror}') from error
        raise
    point('chunk.packed')
    chunk = Chunk(
        sha256=measured.sha256,
        size=measured.size - before.size,
        left_out=tuple(packed.left_out),
        diff_id=packed.diff_id,
    )
    chunks = (*before.chunks, chunk.sha256) if chunk.size else before.chunks
    return chunk, Sum(chunks=chunks, size=measured.size, digest=whole)


class _Storing:
    """Puts chunks in the chunk cache, one after the other, beside the packing."""

    def __init__(self, app: AppName, chunk_cache: ChunkCache, scan: Scan, thread: ThreadPoolExecutor) -> None:
        self._app, self._cache, self._scan_chunk, self._thread = app, chunk_cache, scan, thread
        self._begun: list[tuple[Chunk, Path, Future[bool]]] = []
        self._scanned: list[Future[None]] = []

    def put(self, key: str, chunk: Chunk, file: Path) -> None:
        """Returns at once. Raises what an earlier one of them has run into."""
        stored = self._thread.submit(self._keep, key, chunk, file)
        self._begun.append((chunk, file, stored))
        for _, _, earlier in self._begun:
            if earlier.done():
                earlier.result()

    def scan(self, chunk: Chunk) -> None:
        """Looks into one that is in the chunk cache, beside the packing."""
        if chunk.size:
            opening = partial(self._cache.open, self._app, chunk)
            self._scanned.append(self._thread.submit(self._scan_chunk, chunk, opening))

    def finish(self) -> None:
        """Returns when all are scanned and stored. Raises StorageError, or what the scan raises."""
        for scanned in self._scanned:
            scanned.result()
        for _, _, stored in self._begun:
            stored.result()

    def take_back(self) -> None:
        """Removes the files, and what was stored and not there before."""
        for chunk, file, stored in self._begun:
            if not stored.cancel() and stored.exception() is None and stored.result():
                with contextlib.suppress(StorageError):
                    self._cache.drop(self._app, chunk)
            file.unlink(missing_ok=True)

    def _keep(self, key: str, chunk: Chunk, file: Path) -> bool:
        if chunk.size:
            self._scan_chunk(chunk, lambda: file.open('rb'))
        new = self._cache.keep(self._app, key, chunk, file)
        file.unlink(missing_ok=True)
        point('chunk.stored')
        return new


@contextmanager
def _storing(app: AppName, chunk_cache: ChunkCache, scan: Scan) -> Iterator[_Storing]:
    with ThreadPoolExecutor(1, thread_name_prefix='storing') as thread:
        storing = _Storing(app, chunk_cache, scan, thread)
        try:
            yield storing
            storing.finish()
        except BaseException:
            storing.take_back()
            raise
