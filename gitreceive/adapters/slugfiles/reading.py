"""Reads slugs: their members one by one, one small file of them, and whether they are what a slug must be."""

import hashlib
import json
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

from isal import igzip
from isal.isal_zlib import IsalError

from gitreceive.adapters.slugfiles.members import HARD_LINK, KEPT, REGULAR, Member, Members, inside
from gitreceive.model.errors import SlugError
from gitreceive.slugs.ports import Verified

TOP = b'app'
PIECE = 1 << 20
DAMAGED: tuple[type[Exception], ...] = (OSError, EOFError, zlib.error, cast(type[Exception], IsalError))


class Unpacked:
    """The tar stream of an open slug; reading it raises SlugError only."""

    def __init__(self, path: Path | str, stream: IO[bytes]) -> None:
        self._path = path
        self._stream = stream

    def read(self, size: int) -> bytes:
        """``size`` bytes; fewer only at the end."""
        try:
            return self._stream.read(size)
        except DAMAGED as error:
            raise SlugError(f'{self._path} is not a slug, or is damaged: {error}') from error


@contextmanager
def unpacked(path: Path) -> Iterator[Unpacked]:
    """The slug's tar stream. Raises SlugError if there is no such file."""
    try:
        stream = igzip.open(path, 'rb')  # type: ignore[no-untyped-call]
    except OSError as error:
        raise SlugError(f'cannot read the slug {path}: {error.strerror}') from error
    with stream:
        yield Unpacked(path, stream)


def read_file(path: Path, name: str, limit: int) -> bytes | None:
    """The first ``limit`` bytes of the regular file ``name`` (``app/src/Procfile``); None if the slug has none."""
    wanted = name.encode()
    with unpacked(path) as stream:
        members = Members(stream.read)
        for member in members:
            if member.name == wanted and member.kind == REGULAR:
                return b''.join(members.data())[:limit] if member.size <= limit else None
    return None


def verify_slug(path: Path) -> Verified:
    """Reads the whole slug and its ``.json`` if that lies beside it. Raises SlugError that names what is wrong."""
    sha256, size = _checksum(path)
    _compare(path.with_suffix('.json'), sha256, size)
    files = bytes_ = 0
    seen: set[bytes] = set()
    with unpacked(path) as stream:
        for member in Members(stream.read):
            _check(path, member, seen)
            if member.kind == REGULAR:
                files, bytes_ = files + 1, bytes_ + member.size
                seen.add(member.name)
    return Verified(sha256=sha256, size=size, files=files, unpacked=bytes_)


def _check(path: Path, member: Member, seen: set[bytes]) -> None:
    shown = ascii(member.name.decode('utf-8', 'replace'))
    if not inside(member.name, TOP):
        raise SlugError(f'{path}: {shown} is outside of ./app/')
    if member.kind not in KEPT:
        raise SlugError(f'{path}: {shown} is neither a file nor a directory nor a link')
    if member.kind == HARD_LINK and member.link.removeprefix(b'./') not in seen:
        raise SlugError(f'{path}: {shown} is a hard link to what is not in the slug before it')
    if member.mode & 0o7000:
        raise SlugError(f'{path}: {shown} has the mode {member.mode:o}, with setuid, setgid or sticky bit')


def _checksum(path: Path) -> tuple[str, int]:
    digest = hashlib.sha256()
    try:
        with path.open('rb') as file:
            while piece := file.read(PIECE):
                digest.update(piece)
            return digest.hexdigest(), file.tell()
    except OSError as error:
        raise SlugError(f'cannot read the slug {path}: {error.strerror}') from error


def _compare(about: Path, sha256: str, size: int) -> None:
    if not about.exists():
        return
    try:
        facts = json.loads(about.read_bytes())
        told = (facts['sha256'], facts['size'])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SlugError(f'{about} cannot be read: {error}') from error
    if told != (sha256, size):
        raise SlugError(
            f'the slug has sha256 {sha256} and {size} bytes; {about} says {told[0]} and {told[1]}'
        )
