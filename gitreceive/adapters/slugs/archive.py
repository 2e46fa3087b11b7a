"""The way that works with every engine: ``/app`` out of a container that is created and never started."""

import os
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import IO

from docker import APIClient

from gitreceive.adapters.docker.engine import Engine
from gitreceive.adapters.slugs.compress import compress
from gitreceive.adapters.slugs.members import (
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
from gitreceive.adapters.slugs.overlay_child import BITS, MOST_NAMES, SPECIAL
from gitreceive.errors import SlugError
from gitreceive.ports import Cancellation

TOP = b'app'


def pack_archive(
    engine: Engine, image: str, target: IO[bytes], mtime: int, cancellation: Cancellation
) -> Sequence[str]:
    """Writes the slug and returns the names of what was left out."""
    left_out: list[str] = []
    with _app(engine, image) as stream:
        compress(repacked(stream.read, mtime, left_out, cancellation.check), target)
    return left_out[:MOST_NAMES]


def archive_sizes(engine: Engine, image: str, cancellation: Cancellation) -> Mapping[str, int]:
    """See ``SlugPacker.sizes``."""
    found: dict[str, int] = {}
    with _app(engine, image) as stream:
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
    owner: int = 0,
) -> Iterator[bytes]:
    """The tar stream behind ``read`` in a slug's form, piece by piece. What a slug cannot hold goes to ``left_out``.

    ``mtime`` None keeps each member's own.
    """
    members = Members(read)
    length = 0
    for number, member in enumerate(members):
        check()
        _refuse_strange(member, number)
        if (what := _left_out(member)) and len(left_out) < MOST_NAMES:
            left_out.append(member.name.decode('utf-8', 'backslashreplace') + what)
        if member.kind not in KEPT:
            continue
        header = written(member, member.mtime if mtime is None else mtime, owner)
        length += len(header) + member.size + -member.size % 512
        yield header
        if member.kind == REGULAR:
            yield from members.data()
            yield bytes(-member.size % 512)
    yield end_of_archive(length)


def _left_out(member: Member) -> str:
    if member.kind not in KEPT:
        return SPECIAL
    return BITS if member.kind == REGULAR and member.mode & (stat.S_ISUID | stat.S_ISGID) else ''


def _refuse_strange(member: Member, number: int) -> None:
    shown = ascii(member.name.decode('utf-8', 'replace'))
    if number == 0 and (member.name, member.kind) != (TOP, FOLDER):
        raise SlugError('/app is not a directory')
    if not inside(member.name, TOP):
        raise SlugError(f'the archive of /app has a member outside of it: {shown}')
    if member.kind == HARD_LINK and not inside(member.link.removeprefix(b'./').lstrip(b'/'), TOP):
        raise SlugError(f'{shown} is a hard link to a file outside of /app')


@contextmanager
def _app(engine: Engine, image: str) -> Iterator[IO[bytes]]:
    client: APIClient
    with engine.connect() as client, engine.container(client, image) as container:
        try:
            with engine.read_out(client, container, '/app') as stream:
                yield stream
        except FileNotFoundError as error:
            raise SlugError('the image has no /app') from error
