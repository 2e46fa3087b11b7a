"""The parts of a slug where layers cannot be told apart: by directories that hold what does not come with the code.

What such a directory holds is read and hashed with each slug, and packed and stored only when it has changed.
"""

import hashlib
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field
from itertools import chain, groupby
from typing import IO, cast

from gitreceive.adapters.slugfiles.archive import KeptEntry, kept, pieces
from gitreceive.adapters.slugfiles.compress import compress_part
from gitreceive.adapters.slugfiles.groups import ENTRY, FORMAT, LEAST, STEP_TIME
from gitreceive.adapters.slugfiles.members import FOLDER, HARD_LINK, Member, inside, plain
from gitreceive.adapters.slugfiles.overlay_child import MOST_NAMES
from gitreceive.model.progress import Cancellation
from gitreceive.model.tarheaders import CHUNK
from gitreceive.slugs.ports import Packed, SlugPart

FOLDERS = (
    *(b'app/heroku', b'app/.heroku', b'app/.jdk', b'app/.apt'),
    *(b'app/node_modules', b'app/vendor/bundle', b'app/src/node_modules', b'app/src/vendor/bundle'),
)
"""Where our buildpacks and classic ones put runtimes and dependencies."""

Opening = Callable[[], AbstractContextManager[IO[bytes]]]
MOST_HELD = 64 << 20
"""Packed bytes of the rest that are kept until they are asked for, on the disk; more is packed again."""

_temporary = tempfile.TemporaryFile


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderPart:
    """What lies in one directory, and the directories that lead to it. Satisfies ``SlugPart``; its key is made of its
    content.
    """

    key: str
    folder: bytes
    opening: Opening
    most: int

    def pack(self, target: IO[bytes], cancellation: Cancellation) -> Packed:
        """See the port."""
        with self.opening() as stream:
            found = kept(stream.read, [], cancellation.check)
            own = (one for one in found if self._holds(one.member))
            read = (piece for one in own for piece in pieces(one, STEP_TIME))
            return Packed(diff_id=compress_part(read, target, last=False, most=self.most))

    def _holds(self, member: Member) -> bool:
        return folder_of(member) == self.folder or _leads_to(member, self.folder)


@dataclass(frozen=True, slots=True, kw_only=True)
class RestPart:
    """All else, with the end of the archive. Satisfies ``SlugPart``.

    It is in ``packed`` already, unless it was too large; what is ``known`` of it is.
    """

    key: str
    packed: IO[bytes] | None
    opening: Opening
    mtime: int
    known: Packed

    def pack(self, target: IO[bytes], cancellation: Cancellation) -> Packed:
        """See the port."""
        if self.packed:
            self.packed.seek(0)
            while piece := self.packed.read(CHUNK):
                target.write(piece)
                cancellation.check()
            return self.known
        with self.opening() as stream:
            rest = _Split(self.mtime).rest(kept(stream.read, [], cancellation.check))
            compress_part(rest, target, last=True)
        return self.known


def split_by_folders(
    opening: Opening, mtime: int, cancellation: Cancellation, most: int = 0
) -> Sequence[SlugPart]:
    """Reads ``/app`` once, as the tar stream that ``opening`` gives, and again for each large part that is to be packed.

    A directory with less than a megabyte goes with the rest, where everything has ``mtime``. A part has at most
    ``most`` bytes (0: any number). Raises UnpackedTooLarge or another SlugError.
    """
    left_out: list[str] = []
    split, digest, packed = _Split(mtime), hashlib.sha256(), _UpTo(MOST_HELD)
    with opening() as stream:
        rest = split.rest(kept(stream.read, left_out, cancellation.check))
        hashed = _hashed(rest, digest.update)
        diff_id = compress_part(hashed, cast(IO[bytes], packed), last=True, most=most)
    parts = [
        FolderPart(key=_key(sha), folder=name, opening=opening, most=most)
        for name, sha in split.large.items()
    ]
    last = RestPart(
        key=_key(digest.hexdigest()),
        packed=packed.file,
        opening=opening,
        mtime=mtime,
        known=Packed(left_out=left_out[:MOST_NAMES], diff_id=diff_id),
    )
    return [*parts, last]


class _UpTo:
    """A temporary ``file``; None as soon as it is too large, or there is no room for it."""

    def __init__(self, most: int) -> None:
        self._left = most
        self.file: IO[bytes] | None = None
        with suppress(OSError):
            self.file = _temporary()

    def write(self, data: bytes) -> int:
        self._left -= len(data)
        if self.file:
            self._write(self.file, data)
        return len(data)

    def flush(self) -> None:
        pass

    def _write(self, file: IO[bytes], data: bytes) -> None:
        if self._left >= 0:
            with suppress(OSError):
                file.write(data)
                file.flush()
                return
        self.file = None
        with suppress(OSError):
            file.close()


@dataclass(slots=True)
class _Split:
    """``large`` are the directories that are parts, by their content's checksum; complete when ``rest`` has ended."""

    mtime: int
    large: dict[bytes, str] = field(default_factory=dict)
    _leading: list[KeptEntry] = field(default_factory=list)

    def rest(self, found: Iterator[KeptEntry]) -> Iterator[bytes]:
        """The tar stream without the large directories; each is contiguous in it."""
        for folder, run in groupby(found, lambda one: _around(one.member)):
            if folder is None:
                yield from self._all(self._noted(run))
            else:
                yield from self._folder(folder, run)

    def _noted(self, run: Iterable[KeptEntry]) -> Iterator[KeptEntry]:
        """The same entries; those of directories that lead to a large one are remembered."""
        for one in run:
            if any(_leads_to(one.member, folder) for folder in FOLDERS):
                self._leading.append(one)
            yield one

    def _folder(self, folder: bytes, run: Iterator[KeptEntry]) -> Iterator[bytes]:
        """All of a directory if it is small, else only what has to go with the rest."""
        held: list[KeptEntry] = []
        size = 0
        for one in run:
            size += ENTRY + one.member.size
            if size >= LEAST:
                break
            held.append(_held(one))
        else:
            yield from self._all(held)
            return
        digest = hashlib.sha256()
        leading = [each for each in self._leading if _leads_to(each.member, folder)]
        folders: dict[bytes, KeptEntry] = {}
        for part in chain(leading, held, [one], run):
            if part.member.kind == FOLDER:
                folders[part.member.name] = part
            if folder_of(part.member) or part.member.kind == FOLDER:
                for piece in pieces(part, STEP_TIME):
                    digest.update(piece)
            else:
                yield from self._all([*_on_the_way(part.member, folders), part])
        self.large[folder] = digest.hexdigest()

    def _all(self, run: Iterable[KeptEntry]) -> Iterator[bytes]:
        return (piece for one in run for piece in pieces(one, self.mtime))


def folder_of(member: Member) -> bytes | None:
    """The directory that a member goes with. A hard link to what lies elsewhere goes with the rest, which comes last."""
    folder = _around(member)
    if folder and member.kind == HARD_LINK and not inside(plain(member.link), folder):
        return None
    return folder


def _leads_to(member: Member, folder: bytes) -> bool:
    """Whether it is a directory that ``folder`` lies in."""
    return member.kind == FOLDER and folder.startswith(plain(member.name) + b'/')


def _on_the_way(member: Member, folders: Mapping[bytes, KeptEntry]) -> Iterator[KeptEntry]:
    """The directories that a member lies in, the outermost first."""
    parts = member.name.split(b'/')
    names = (b'/'.join(parts[:count]) for count in range(1, len(parts)))
    return (folders[name] for name in names if name in folders)


def _around(member: Member) -> bytes | None:
    return next((folder for folder in FOLDERS if inside(member.name, folder)), None)


def _held(one: KeptEntry) -> KeptEntry:
    data = b''.join(one.data())
    return KeptEntry(member=one.member, data=lambda: iter([data]))


def _hashed(found: Iterator[bytes], update: Callable[[bytes], None]) -> Iterator[bytes]:
    for piece in found:
        update(piece)
        yield piece


def _key(sha256: str) -> str:
    return hashlib.sha256(f'{FORMAT}\ncontent {sha256}'.encode()).hexdigest()
