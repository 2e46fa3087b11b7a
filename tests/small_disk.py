"""A small file system that can be filled: a tmpfs in a mount namespace of the process's own (unshare(2), mount(2))."""

import ctypes
import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CLONE_NEWNS = 0x20000
MS_REC, MS_PRIVATE = 0x4000, 0x40000
PAGE = 4096


def mount_small(path: Path, *, size: int = 8_000_000, inodes: int = 300) -> None:
    """Mounts it for this process alone. Raises PermissionError where that needs another user."""
    libc = ctypes.CDLL(None, use_errno=True)
    _check(libc.unshare(CLONE_NEWNS))
    _check(libc.mount(b'none', b'/', None, MS_REC | MS_PRIVATE, None))
    options = f'size={size},nr_inodes={inodes}'.encode()
    _check(libc.mount(b'tmpfs', os.fsencode(path), b'tmpfs', 0, options))


@contextmanager
def filled(path: Path, *, room: int) -> Iterator[None]:
    """So many bytes are free there, in pages, and no more."""
    filler = path / 'filler'
    with filler.open('wb', buffering=0) as file:
        try:
            while file.write(bytes(PAGE)):
                pass
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
        file.truncate(max(0, file.tell() - room // PAGE * PAGE))
    yield
    filler.unlink()


@contextmanager
def without_inodes(path: Path, *, left: int) -> Iterator[None]:
    """So many files can be made there, and no more."""
    made: list[Path] = []
    try:
        while True:
            file = path / f'filler-{len(made)}'
            file.touch()
            made.append(file)
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
    for file in made[: left or 0]:
        file.unlink()
    yield
    for file in made[left:]:
        file.unlink()


def _check(result: int) -> None:
    if result:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
