"""Whether the disks have room for a build, before it begins."""

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from gitreceive.build.ports import ReleaseBook, Source
from gitreceive.model.app import AppName
from gitreceive.model.errors import RoomError, StorageError
from gitreceive.model.release import Release
from gitreceive.model.text import megabytes

FIRST_IMAGE = 300_000_000
"""Bytes of a runtime and dependencies, as long as nothing is known of an app."""

FIRST_SLUG = 100_000_000
UNPACKED = 4
"""By how much an image is larger than the slug that is cut from it: gzip makes a quarter of it (level 1, mixed files)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """What a build writes: ``what`` it is, the directory ``where``, and how many bytes at most."""

    what: str
    where: Path
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """The disks of a receiver: a commit has at most ``largest`` bytes, slugs go below ``slugs``.

    ``freeable`` says how many bytes of slugs nobody needs.
    """

    largest: int
    slugs: Path
    releases: ReleaseBook
    freeable: Callable[[], int]

    def check(self, app: AppName, source: Source, images: Path | None) -> None:
        """Raises RoomError. The files are only counted where a disk might be too small for the largest commit."""
        before = self.releases.live(app)
        try:
            check_room(needs(self.largest, before, images, self.slugs), lambda: 0)
        except RoomError:
            size = sum(file.size for file in source.files())
            check_room(needs(size, before, images, self.slugs), self.freeable)


def needs(source_bytes: int, before: Release | None, images: Path | None, slugs: Path) -> list[Need]:
    """What a build of that much code will write; ``before`` is the release that it follows. Pure.

    ``images`` is where the engine keeps its own, None if that is not on this host. The code is there twice: as the
    context and in the image.
    """
    image = UNPACKED * before.slug.size if before else FIRST_IMAGE
    slug = before.slug.size + source_bytes if before else FIRST_SLUG + source_bytes
    found = [Need(what='slug', where=slugs, size=slug)]
    if images:
        found += [Need(what='context', where=images, size=source_bytes)]
        found += [Need(what='image', where=images, size=image + source_bytes)]
    return found


def check_room(needs: Iterable[Need], freeable: Callable[[], int]) -> None:
    """Raises RoomError that says what is missing, and what ``gitreceive gc`` would free.

    Directories on one file system share its room.
    """
    wanted: dict[int, list[Need]] = {}
    left: dict[int, int] = {}
    for need in needs:
        device, free = free_bytes(need.where)
        wanted.setdefault(device, []).append(need)
        left[device] = free
    for device, here in wanted.items():
        if sum(need.size for need in here) > left[device]:
            raise RoomError(_refusal(here, left[device], freeable))


def free_bytes(path: Path) -> tuple[int, int]:
    """The device and the free bytes of the file system of ``path``, or of the nearest directory above it that is there."""
    while not path.exists():
        path = path.parent
    found = os.statvfs(path)
    return path.stat().st_dev, found.f_bavail * found.f_frsize


def remedy(freeable: Callable[[], int]) -> str:
    """How to make room. That a storage is away does not hide that a disk is full."""
    try:
        freed = f'would free {megabytes(freeable())} of slugs'
    except StorageError:
        freed = 'frees what no kept release needs (how much is not known: the storage does not answer)'
    return f'"gitreceive gc" {freed}, "docker system df" tells what images and caches take'


def _refusal(here: list[Need], left: int, freeable: Callable[[], int]) -> str:
    needed = sum(need.size for need in here)
    parts = ', '.join(f'{need.what} {megabytes(need.size)}' for need in here)
    return (
        f'there is no room for this build at {here[0].where}: up to {megabytes(needed)} are needed ({parts}), '
        f'{megabytes(left)} are free and {megabytes(needed - left)} are missing; {remedy(freeable)}'
    )
