"""Cuts the slug into members: packs what is new in an image, and takes all else from where it was stored before."""

import contextlib
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, cast

from gitreceive.config.settings import Limits
from gitreceive.model.app import AppName
from gitreceive.model.errors import SlugError, StorageError
from gitreceive.model.progress import Cancellation
from gitreceive.model.slug import Image, LayeredSlug, Member
from gitreceive.points import point
from gitreceive.slugs.chunk_cache import ChunkCache, Sum
from gitreceive.slugs.measured import GaveUp, Measured, refuse_without_files, too_large
from gitreceive.slugs.ports import SlugPacker, SlugPart

Opening = Callable[[], AbstractContextManager[IO[bytes]]]
Screen = Callable[[Member, Opening], None]
"""Looks into a member, if it has to, and raises what speaks against storing it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """What is cut and where: ``mtime`` is for the code's files, ``folder`` for members on their way to storage."""

    app: AppName
    image: Image
    mtime: int
    folder: Path
    limits: Limits


def cut_members(
    cut: Cut, packer: SlugPacker, chunk_cache: ChunkCache, screen: Screen, cancellation: Cancellation
) -> LayeredSlug:
    """The slug, all of whose members are on the chunk_cache then: each is screened and stored while the next one is packed.

    Raises what ``screen`` raises, SlugError (too large, with the largest directories; nothing to pack; no room),
    StorageError, EngineGone, BuildTimeout or BuildCancelled. Then no file is left, and no member that was not there.
    """
    members: list[Member] = []
    sums, total, new = [], Sum(), 0
    with _storing(cut.app, chunk_cache, screen) as storing:
        for number, part in enumerate(packer.parts(cut.image, cut.mtime, cancellation)):
            cancellation.check()
            taken = chunk_cache.take(cut.app, part.key, total)
            if taken:
                member, total = taken
                storing.screen(member)
            else:
                file = cut.folder / f'{number}.gz'
                member, total = _packed(part, file, total, cut.limits.slug_bytes, cancellation)
                new += member.size
                storing.put(part.key, member, file)
            members += [member] if member.size else []
            sums.append(total)
            if total.size > cut.limits.slug_bytes:
                raise SlugError(
                    too_large(total.size, cut.limits.slug_bytes, packer.sizes(cut.image, cancellation))
                )
        refuse_without_files(total.size, lambda: packer.sizes(cut.image, cancellation))
    for each in sums:
        chunk_cache.remember(each)
    return LayeredSlug(members=tuple(members), sha256=total.sha256, size=total.size, new=new)


def _packed(
    part: SlugPart, file: Path, before: Sum, limit: int, cancellation: Cancellation
) -> tuple[Member, Sum]:
    """A member in ``file``, and the sum with it; of a slug that is too large only the size is right."""
    whole = before.digest.copy()
    left_out: list[str] = []
    try:
        with file.open('xb') as sink:
            measured = Measured(sink, limit, before.size, whole)
            try:
                left_out += part.pack(cast(IO[bytes], measured), cancellation)
            except GaveUp:
                pass
    except BaseException as error:
        file.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise SlugError(f'cannot write the slug to {file}: {error.strerror}') from error
        raise
    point('member.packed')
    member = Member(sha256=measured.sha256, size=measured.size - before.size, left_out=tuple(left_out))
    members = (*before.members, member.sha256) if member.size else before.members
    return member, Sum(members=members, size=measured.size, digest=whole)


class _Storing:
    """Puts members on the chunk_cache, one after the other, beside the packing."""

    def __init__(
        self, app: AppName, chunk_cache: ChunkCache, screen: Screen, thread: ThreadPoolExecutor
    ) -> None:
        self._app, self._shelf, self._screen, self._thread = app, chunk_cache, screen, thread
        self._begun: list[tuple[Member, Path, Future[bool]]] = []
        self._screened: list[Future[None]] = []

    def put(self, key: str, member: Member, file: Path) -> None:
        """Returns at once. Raises what an earlier one of them has run into."""
        stored = self._thread.submit(self._keep, key, member, file)
        self._begun.append((member, file, stored))
        for _, _, earlier in self._begun:
            if earlier.done():
                earlier.result()

    def screen(self, member: Member) -> None:
        """Looks into one that is on the chunk_cache, beside the packing."""
        if member.size:
            opening = partial(self._shelf.open, self._app, member)
            self._screened.append(self._thread.submit(self._screen, member, opening))

    def finish(self) -> None:
        """Returns when all are screened and stored. Raises StorageError, or what the screen raises."""
        for screened in self._screened:
            screened.result()
        for _, _, stored in self._begun:
            stored.result()

    def take_back(self) -> None:
        """Removes the files, and what was stored and not there before."""
        for member, file, stored in self._begun:
            if not stored.cancel() and stored.exception() is None and stored.result():
                with contextlib.suppress(StorageError):
                    self._shelf.drop(self._app, member)
            file.unlink(missing_ok=True)

    def _keep(self, key: str, member: Member, file: Path) -> bool:
        if member.size:
            self._screen(member, lambda: file.open('rb'))
        new = self._shelf.keep(self._app, key, member, file)
        file.unlink(missing_ok=True)
        point('member.stored')
        return new


@contextmanager
def _storing(app: AppName, chunk_cache: ChunkCache, screen: Screen) -> Iterator[_Storing]:
    with ThreadPoolExecutor(1, thread_name_prefix='storing') as thread:
        storing = _Storing(app, chunk_cache, screen, thread)
        try:
            yield storing
            storing.finish()
        except BaseException:
            storing.take_back()
            raise
