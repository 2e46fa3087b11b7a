"""What there is of a slug in storage, and how to read it in parts or as a file."""

import hashlib
import re
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO

from gitreceive.errors import SlugError
from gitreceive.model import AppName, Member
from gitreceive.ports import Composing
from gitreceive.shelf import member_name
from gitreceive.storedslugs import members_of, open_slug, read_manifest

PIECE = 1 << 20

KINDS = WHOLE, FACTS, SBOM, PROVENANCE = '.tgz', '.json', '.sbom.json', '.provenance.json'
"""The slug itself, beside its members, and what is told about it."""

OBJECT = re.compile(
    r'(?P<app>[a-z][a-z0-9-]{0,29})/'
    r'(members/[0-9a-f]{64}\.gz|[0-9a-f]{64}(\.tgz|\.json|\.sbom\.json|\.provenance\.json))'
)
"""The names of all objects that a receiver makes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A run of a slug's bytes that can be read alone: the whole file, or one of its gzip members."""

    sha256: str
    size: int
    open: Callable[[], AbstractContextManager[IO[bytes]]]


def name(app: AppName, sha256: str, kind: str = WHOLE) -> str:
    """What an object of a slug is called."""
    return f'{app}/{sha256}{kind}'


def is_of_slugs(object_name: str, app: AppName) -> bool:
    """Whether the receiver made an object of that name for the app."""
    match = OBJECT.fullmatch(object_name)
    return match is not None and match['app'] == app


def parts(storage: Composing, app: AppName, sha256: str) -> Sequence[Part]:
    """What a stored slug consists of, in its order. Raises StorageError if there is no such slug."""
    manifest = read_manifest(storage, app, sha256)
    members = members_of(manifest)
    if not members or not (storage.keeps_parts or _all_there(members, storage, app)):
        size = manifest['size']
        assert isinstance(size, int)
        whole = partial(storage.open, name(app, sha256))
        return [Part(sha256=sha256, size=size, open=whole)]
    return member_parts(storage, app, members)


def _all_there(members: Sequence[Member], storage: Composing, app: AppName) -> bool:
    return all(storage.size(member_name(app, each.sha256)) == each.size for each in members)


def member_parts(storage: Composing, app: AppName, members: Sequence[Member]) -> Sequence[Part]:
    """Members in storage, each to be read alone."""
    return [
        Part(sha256=each.sha256, size=each.size, open=partial(storage.open, member_name(app, each.sha256)))
        for each in members
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
