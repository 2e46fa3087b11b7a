"""The way that works with every engine: ``/app`` out of a container that is created and never started."""

import os
import stat
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO

from docker import APIClient

from gitreceive.adapters.docker.engine import Engine
from gitreceive.adapters.slugfiles.members import (
    FOLDER,
    HARD_LINK,
    KEPT,
    REGULAR,
    Member,
    Members,
    end_of_archive,
    inside,
    written,
)
from gitreceive.adapters.slugfiles.overlay_child import BITS, MOST_NAMES, SHOWN, SPECIAL, TOO_LONG
from gitreceive.model.errors import SlugError
from gitreceive.model.progress import Cancellation
from gitreceive.model.slug import NO_APP, OWNER

TOP = b'app'
LONGEST_PATH = 4000
"""Bytes; Linux takes 4,096 with what stands before it (PATH_MAX)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptEntry:
    """An entry of a tar stream; ``data`` gives the bytes of a file, until the next entry is asked for."""

    member: Member
    data: Callable[[], Iterator[bytes]]


def archive_sizes(engine: Engine, image: str, cancellation: Cancellation) -> Mapping[str, int]:
    """See ``SlugPacker.sizes``."""
    found: dict[str, int] = {}
    with read_app(engine, image) as stream:
        for member in Members(stream.read):
            cancellation.check()
            folder = '/' + os.path.dirname(member.name).decode('utf-8', 'replace')
            found[folder] = found.get(folder, 0) + member.size
    return found


def repacked(
    read: Callable[[int], bytes],
    mtime: int | None,
    left_out: list[str],
    check: Callable[[], None],
    owner: int = OWNER,
) -> Iterator[bytes]:
    """The tar stream behind ``read`` in a slug's form, piece by piece. What a slug cannot hold goes to ``left_out``.

    ``mtime`` None keeps each member's own.
    """
    length = 0
    for one in kept(read, left_out, check):
        for piece in pieces(one, one.member.mtime if mtime is None else mtime, owner):
            length += len(piece)
            yield piece
    yield end_of_archive(length)


def kept(read: Callable[[int], bytes], left_out: list[str], check: Callable[[], None]) -> Iterator[KeptEntry]:
    """What a slug holds of the tar stream behind ``read``; what it cannot hold goes to ``left_out``."""
    members = Members(read)
    for member in members:
        check()
        _refuse_strange(member)
        if (what := _left_out(member)) and len(left_out) < MOST_NAMES:
            left_out.append(member.name.decode('utf-8', 'backslashreplace') + what)
        if member.kind in KEPT:
            yield KeptEntry(member=member, data=members.data)


def pieces(one: KeptEntry, mtime: int, owner: int = OWNER) -> Iterator[bytes]:
    """An entry in a slug's form, padded to whole blocks."""
    yield written(one.member, mtime, owner)
    if one.member.kind == REGULAR:
        yield from one.data()
        yield bytes(-one.member.size % 512)


def _left_out(member: Member) -> str:
    if member.kind not in KEPT:
        return SPECIAL
    return BITS if member.kind == REGULAR and member.mode & (stat.S_ISUID | stat.S_ISGID) else ''


def _refuse_strange(member: Member) -> None:
    if len(member.name) > LONGEST_PATH:
        name = member.name.decode('utf-8', 'replace')
        raise SlugError(f'cannot pack /app of the image: {TOO_LONG} ({ascii(name[:SHOWN])[1:-1]}...)')
    shown = ascii(member.name.decode('utf-8', 'replace'))
    if member.name == TOP and member.kind != FOLDER:
        raise SlugError('/app is not a directory')
    if not inside(member.name, TOP):
        raise SlugError(f'the archive of /app has a member outside of it: {shown}')
    if member.kind == HARD_LINK and not inside(member.link.removeprefix(b'./').lstrip(b'/'), TOP):
        raise SlugError(f'{shown} is a hard link to a file outside of /app')


@contextmanager
def read_app(engine: Engine, image: str) -> Iterator[IO[bytes]]:
    """The tar stream of the image's ``/app``. Raises SlugError if it has none."""
    client: APIClient
    with engine.connect() as client, engine.container(client, image) as container:
        try:
            with engine.read_out(client, container, '/app') as stream:
                yield stream
        except FileNotFoundError as error:
            raise SlugError(NO_APP) from error
