"""What slugs need from the world, as small protocols. Adapters satisfy them without inheriting."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol, runtime_checkable

from gitreceive.model.errors import SlugError
from gitreceive.model.progress import Cancellation
from gitreceive.model.slug import Image


class UnpackedTooLarge(SlugError):
    """A part of ``/app`` holds more than may be packed: ``limit`` bytes."""

    def __init__(self, limit: int) -> None:
        super().__init__(f'/app holds more than {limit:,} bytes')
        self.limit = limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Packed:
    """What is known of a part that was packed.

    ``left_out`` names (at most a few of) what a slug cannot hold: devices, setuid bits. ``diff_id`` is the checksum of
    the tar stream before it was packed; empty if that was not computed.
    """

    left_out: Sequence[str] = ()
    diff_id: str = ''


class SlugPart(Protocol):
    """A part of ``/app`` that can be packed by itself: what some layers of the image have put there."""

    @property
    def key(self) -> str:
        """64 hexadecimal digits that stand for the content: two parts with one key are the same bytes when packed."""

    def pack(self, target: IO[bytes], cancellation: Cancellation) -> Packed:
        """Writes the part to ``target`` as whole gzip members.

        Raises UnpackedTooLarge, another SlugError, EngineGone, BuildCancelled or BuildTimeout.
        """


class SlugPacker(Protocol):
    """Reads ``/app`` out of an image and packs it."""

    def parts(self, image: Image, mtime: int, cancellation: Cancellation) -> Sequence[SlugPart]:
        """What the slug is made of: packed one after the other into one file they are a plain ``.tar.gz``.

        ``mtime`` is the time of the code's files. The same image and time give the same parts. Raises as ``pack``.
        """

    def sizes(self, image: Image, cancellation: Cancellation) -> Mapping[str, int]:
        """Bytes of files directly in each directory of ``/app``, by the directory's path (``/app/src``)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SlugEntry:
    """One thing in a slug. ``name`` is its path from the root (``app/src/server.js``), as the file system API has it;
    ``kind`` is ``file``, ``directory``, ``symlink`` or ``hard link``, ``link`` where the latter two lead.
    """

    name: str
    kind: str
    size: int = 0
    mode: int = 0
    mtime: int = 0
    link: str = ''


class SlugReader(Protocol):
    """Reads packed slugs."""

    def entries(self, stream: IO[bytes]) -> Iterator[tuple[SlugEntry, Iterator[bytes]]]:
        """What a slug, or one chunk of it, holds, in its order; a file's bytes may be read until the next entry.

        Raises SlugError if it is damaged.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What a slug that passed holds. ``size`` is that of the file, ``unpacked`` that of all files in it, in bytes."""

    sha256: str
    size: int
    files: int
    unpacked: int


class SlugFiles(Protocol):
    """Slugs that lie on this host as one file."""

    def read_file(self, path: Path, name: str, limit: int) -> bytes | None:
        """The regular file ``name`` (``app/src/Procfile``) of a slug; None if it has none of at most ``limit`` bytes."""

    def verify_slug(self, path: Path) -> Verified:
        """Reads the whole slug and its ``.json`` if that lies beside it. Raises SlugError that names what is wrong."""


class Storage(Protocol):
    """Where slugs are kept: named objects, each there whole or not at all."""

    def put(self, name: str, file: Path) -> str:
        """Stores the file's bytes under ``name``, atomically, and returns the object's URL."""

    def url(self, name: str) -> str:
        """The URL of an object of that name, whether it is there or not."""

    def open(self, name: str) -> AbstractContextManager[IO[bytes]]:
        """A stream of the object's bytes. Raises StorageError if there is none."""

    def list(self, prefix: str = '') -> Iterator[str]:
        """The names that begin with ``prefix``, sorted."""

    def delete(self, name: str) -> None:
        """Removes the object; silent if it is gone."""

    def sweep(self) -> int:
        """Removes what interrupted puts left behind; returns how many."""


@runtime_checkable
class Composing(Storage, Protocol):
    """A storage that makes an object of others by itself: no byte of them is sent again."""

    @property
    def keeps_parts(self) -> bool:
        """Whether the parts stay as long as nobody deletes them: what was composed may go and be composed again."""

    def size(self, name: str) -> int | None:
        """The object's size in bytes; None if there is none."""

    def compose(self, name: str, parts: Sequence[str], instead_of: str = '') -> str:
        """Makes ``name`` of the objects ``parts`` in a row, atomically, and returns its URL.

        ``instead_of``, composed before, is no longer needed when ``name`` is there: the storage may make the one of
        the other, and whether ``instead_of`` is there afterwards is not said, not even after an error. Raises
        StorageError if a part is missing. A power cut may damage what was composed, but none of its parts.
        """


@runtime_checkable
class Vouching(Storage, Protocol):
    """A storage that knows the checksums of what it has, so that it need not be read back."""

    def sha256(self, name: str) -> str:
        """Of the bytes that the storage has, as it computed it itself; empty if it cannot say. Raises NoSuchObject."""


class Mirror(Protocol):
    """A storage that becomes like another one, in its own time."""

    @property
    def address(self) -> str:
        """The URL of the mirror."""

    @property
    def storage(self) -> Storage:
        """What it has. Nobody but the mirror itself writes to it."""

    def waiting(self, prefix: str) -> Sequence[str]:
        """The names that begin with ``prefix`` of what has still to be sent there or removed, the oldest first."""

    def send(self, name: str, parts: Sequence[str] = ()) -> None:
        """Has an object sent, or composed of ``parts``, again. Raises StorageError if that cannot be noted."""


@runtime_checkable
class Mirroring(Protocol):
    """A storage that others follow."""

    @property
    def mirrors(self) -> Sequence[Mirror]:
        """The storages that follow this one."""
