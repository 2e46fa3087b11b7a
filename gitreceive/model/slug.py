"""An image, and the slug that is cut from it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from gitreceive.model.app import AppName

NO_APP = (
    'the image has no directory /app, which becomes the slug: the Dockerfile has to copy there what the app needs '
    '(COPY . /app/src)'
)
OWNER = 1000
"""The user and group of a slug's files: those that every stack's apps run as, so that a slug that lies in an image as it is
can be written to by its processes."""

NO_FILES = NO_APP.replace('no directory /app', 'no files in /app')


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """A built image, by its id (``sha256:...``), with the exact versions that its steps recorded.

    ``name`` is what another recipe may call it, as long as nothing newer has taken that name. ``release`` is what
    ``bin/release`` of a classic buildpack printed. ``code_steps`` is its recipe's.
    """

    id: str
    name: str = ''
    versions: Mapping[str, str] = field(default_factory=dict)
    release: bytes = b''
    code_steps: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SlugOrder:
    """What is to be cut: ``mtime`` is for the code's files, ``folder`` for chunks on their way to storage.

    ``secrets`` are config vars whose values no slug may hold, as far as they look secret.
    """

    app: AppName
    image: Image
    mtime: int
    folder: Path
    secrets: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """A part of a slug: gzip that holds a run of the tar stream. All chunks in a row are the slug.

    ``sha256`` in hexadecimal, ``size`` in bytes. ``left_out`` names (at most a few of) the devices, sockets, pipes and
    setuid bits that a slug cannot hold. ``diff_id`` is the checksum of the run before it was packed, as OCI images know
    a layer; empty of chunks that were stored before that was noted.
    """

    sha256: str
    size: int
    left_out: tuple[str, ...] = ()
    diff_id: str = ''


@dataclass(frozen=True, slots=True, kw_only=True)
class LayeredSlug:
    """A slug by its chunks, in their order; ``sha256`` and ``size`` are those of all of them in a row.

    ``new`` is how many bytes had to be packed; the others were in storage already.
    """

    chunks: tuple[Chunk, ...]
    sha256: str
    size: int
    new: int

    @property
    def left_out(self) -> tuple[str, ...]:
        """What its chunks could not hold."""
        return tuple(name for chunk in self.chunks for name in chunk.left_out)


@dataclass(frozen=True, slots=True, kw_only=True)
class Slug:
    """A packed ``/app`` in one file: a plain ``.tar.gz`` at ``path``; ``sha256`` in hexadecimal, ``size`` in bytes.

    ``left_out`` names (at most a few of) the devices, sockets, pipes and setuid bits that a slug cannot hold.
    """

    path: Path
    sha256: str
    size: int
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredSlug:
    """A slug in storage, verified. Where it lies is the storage's business: its URL is made when it is shown."""

    sha256: str
    size: int
