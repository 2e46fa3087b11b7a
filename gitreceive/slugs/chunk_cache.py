"""The members of slugs that are in storage already, by what they were packed from.

The bytes are in the storage alone. Here is an index, one small file for each app: a part's key to its member. It may be
lost at any time; then the part is packed again and comes out as the same bytes. A member counts only if the storage has
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
from gitreceive.model.slug import Member
from gitreceive.slugs.names import member_name
from gitreceive.slugs.ports import Composing
from gitreceive.slugs.verified import PIECE, put_verified

if TYPE_CHECKING:
    from hashlib import _Hash

KEPT = 64
"""Parts of an app that are remembered, the newest ones: an app has about three at a time."""

SUMS = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Sum:
    """The checksum of a row of members; a value, as long as nobody but a copy of ``digest`` is written to."""

    members: tuple[str, ...] = ()
    size: int = 0
    digest: '_Hash' = field(default_factory=hashlib.sha256)

    @property
    def sha256(self) -> str:
        """In hexadecimal."""
        return self.digest.hexdigest()


class ChunkCache:
    """Members in ``storage``, with the index below ``folder``. The builds of one app come one after the other."""

    def __init__(self, storage: Composing, folder: Path) -> None:
        self._storage = storage
        self._folder = folder
        self._sums: OrderedDict[tuple[str, ...], Sum] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, app: AppName, key: str, before: Sum) -> tuple[Member, Sum] | None:
        """The member that was packed from ``key``, and the sum of ``before`` and it; None if it has to be packed."""
        member = self._used(app, key)
        if member is None or member.size == 0:
            return (member, before) if member else None
        if self._storage.size(member_name(app, member.sha256)) != member.size:
            return None
        with self._lock:
            known = self._sums.get((*before.members, member.sha256))
        after = known or self._added(app, before, member)
        return (member, after) if after else None

    def keep(self, app: AppName, key: str, member: Member, file: Path) -> bool:
        """Stores a member that has just been packed, verified, and remembers it; False if it was there already.

        Raises StorageError.
        """
        name = member_name(app, member.sha256)
        new = member.size > 0 and self._storage.size(name) != member.size
        if member.size:
            put_verified(self._storage, name, file, member.sha256)
        index = self._index(app)
        index.pop(key, None)
        self._write(app, {**index, key: member})
        return new

    def open(self, app: AppName, member: Member) -> AbstractContextManager[IO[bytes]]:
        """A stream of a member's bytes. Raises StorageError if it is not there."""
        return self._storage.open(member_name(app, member.sha256))

    def drop(self, app: AppName, member: Member) -> None:
        """Removes a member that no slug has."""
        self._storage.delete(member_name(app, member.sha256))

    def forget(self, app: AppName) -> None:
        """Forgets all of an app."""
        with contextlib.suppress(OSError):
            (self._folder / f'{app}.json').unlink(missing_ok=True)

    def remember(self, total: Sum) -> None:
        """Keeps a sum, for slugs that begin with the same members."""
        with self._lock:
            self._sums[total.members] = total
            self._sums.move_to_end(total.members)
            while len(self._sums) > SUMS:
                self._sums.popitem(last=False)

    def _used(self, app: AppName, key: str) -> Member | None:
        """What is known of a part. What is used stays: of many parts it counts as a new one."""
        index = self._index(app)
        member = index.get(key)
        if member and key not in list(index)[-KEPT // 2 :]:
            del index[key]
            self._write(app, {**index, key: member})
        return member

    def _added(self, app: AppName, before: Sum, member: Member) -> Sum | None:
        """Reads the member; None if it is not what it was when it was stored."""
        own, whole = hashlib.sha256(), before.digest.copy()
        try:
            with self._storage.open(member_name(app, member.sha256)) as stream:
                while piece := stream.read(PIECE):
                    own.update(piece)
                    whole.update(piece)
        except StorageError:
            return None
        if own.hexdigest() != member.sha256:
            return None
        after = Sum(members=(*before.members, member.sha256), size=before.size + member.size, digest=whole)
        self.remember(after)
        return after

    def _index(self, app: AppName) -> dict[str, Member]:
        """Empty if the file is missing or damaged."""
        try:
            found = json.loads((self._folder / f'{app}.json').read_bytes())
            return {
                str(key): Member(
                    sha256=str(each['sha256']), size=int(each['size']), left_out=tuple(each['left_out'])
                )
                for key, each in found.items()
            }
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return {}

    def _write(self, app: AppName, index: dict[str, Member]) -> None:
        newest = dict(list(index.items())[-KEPT:])
        file = self._folder / f'{app}.json'
        temporary = file.with_suffix('.new')
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            temporary.write_text(json.dumps({key: asdict(member) for key, member in newest.items()}))
            os.replace(temporary, file)
        except OSError as error:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)
            raise StateError(f'cannot write {file}: {error.strerror}') from error
