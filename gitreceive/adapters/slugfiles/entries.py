"""What is in a slug, entry by entry, out of any stream: of a whole slug, or of one gzip member of it."""

import os
from collections.abc import Iterator
from typing import IO

from isal import igzip

from gitreceive.adapters.slugfiles.members import FOLDER, HARD_LINK, REGULAR, SYMLINK, Member, Members
from gitreceive.adapters.slugfiles.reading import Unpacked
from gitreceive.model.tarheaders import BLOCK
from gitreceive.slugs.ports import SlugEntry

KINDS = {REGULAR: 'file', FOLDER: 'directory', SYMLINK: 'symlink', HARD_LINK: 'hard link'}


class GzipSlugReader:
    """Satisfies the ``SlugReader`` port."""

    def entries(self, stream: IO[bytes]) -> Iterator[tuple[SlugEntry, Iterator[bytes]]]:
        """See the port."""
        with igzip.open(stream, 'rb') as file:  # type: ignore[no-untyped-call]
            members = Members(_Ended(Unpacked('this', file)).read)
            for member in members:
                yield _entry(member), members.data()


class _Ended:
    """A tar stream that ends like a whole one: a member of a slug has no end-of-archive blocks of its own."""

    def __init__(self, stream: Unpacked) -> None:
        self._stream = stream
        self._over = False

    def read(self, size: int) -> bytes:
        piece = b'' if self._over else self._stream.read(size)
        if piece or size != BLOCK or self._over:
            return piece
        self._over = True
        return bytes(BLOCK)


def _entry(member: Member) -> SlugEntry:
    return SlugEntry(
        name=os.fsdecode(member.name),
        kind=KINDS.get(member.kind, 'special'),
        size=member.size,
        mode=member.mode,
        mtime=member.mtime,
        link=os.fsdecode(member.link),
    )
