"""Runs in a process of its own: mounts the layers of an image, lists what is below ``/app`` and lets tar write it.

``python3 -I -S overlay_child.py pack|sizes OVERLAY2 LOWER MTIME REPORT``; standard output is the tar stream, the
descriptor REPORT takes one line of JSON at the end. The mount lives in a private namespace and ends with the last process in it, so
that nothing is left after a kill -9. Content is that of strangers: no symlink is followed and nothing is opened by
this script but directories.
"""

import ctypes
import json
import os
import stat
import sys
from collections.abc import Iterator
from typing import NoReturn

CLONE_NEWNS = 0x00020000
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REC, MS_PRIVATE = 1, 2, 4, 8, 0x4000, 0x40000
"""From <linux/sched.h> and <linux/mount.h>."""

MOUNTPOINT = '/tmp'
"""Covered in the private namespace only; the file hierarchy standard has it everywhere."""

CANNOT_MOUNT = 77
MOST_NAMES = 20

TAR = (
    ('tar', '--create', '--file=-', '--format=gnu', '--blocking-factor=128')
    + (
        '--no-recursion',
        '--one-file-system',
        '--numeric-owner',
        '--owner=0',
        '--group=0',
        '--mode=u-s,g-s,-t',
    )
    + ('--null', '--verbatim-files-from')
)


def main(task: str, root: str, lower: str, mtime: str, reported: str) -> None:
    """See the module."""
    try:
        mount(root, lower)
    except OSError as error:
        print(f'cannot mount the layers: {error}', file=sys.stderr)
        sys.exit(CANNOT_MOUNT)
    top = f'{MOUNTPOINT}/root'
    os.chdir(top)
    if not stat.S_ISDIR(os.lstat('app').st_mode):
        sys.exit('/app is not a directory')
    if task == 'sizes':
        report(int(reported), {'sizes': sizes()})
    else:
        pack(mtime, int(reported))


def mount(root: str, lower: str) -> None:
    """Mounts the overlay read-only below MOUNTPOINT, where nobody else sees it. Raises OSError."""
    libc = ctypes.CDLL(None, use_errno=True)
    os.chdir(root)
    _checked(libc.unshare(CLONE_NEWNS))
    _mount(libc, b'none', b'/', None, MS_REC | MS_PRIVATE, None)
    _mount(
        libc, b'tmpfs', MOUNTPOINT.encode(), b'tmpfs', MS_NOSUID | MS_NODEV | MS_NOEXEC, b'size=64k,mode=0700'
    )
    os.mkdir(f'{MOUNTPOINT}/root')
    os.mkdir(f'{MOUNTPOINT}/empty')  # an overlay without an upper directory needs two lower ones
    options = f'lowerdir={lower}:{MOUNTPOINT}/empty'.encode()
    flags = MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC
    _mount(libc, b'overlay', f'{MOUNTPOINT}/root'.encode(), b'overlay', flags, options)


def pack(mtime: str, reported: int) -> NoReturn:
    """Becomes tar; a child walks the tree and feeds it the names."""
    names, to_tar = os.pipe()
    if os.fork() == 0:
        os.close(names)
        os.close(1)
        try:
            feed(to_tar, reported)
        except OSError as error:
            print(f'cannot list /app: {error}', file=sys.stderr)
            os._exit(1)
        os._exit(0)
    os.close(to_tar)
    os.close(reported)
    os.dup2(names, 0)
    os.execvp('tar', [*TAR, f'--mtime=@{mtime}', '--files-from=-'])


def feed(to_tar: int, reported: int) -> None:
    """Writes the names for tar, and reports before tar can see their end: then tar's end is the end of all."""
    left_out: list[str] = []
    with os.fdopen(to_tar, 'wb', buffering=1 << 16) as sink:
        for path, kind in walk():
            if kind in (stat.S_IFREG, stat.S_IFDIR, stat.S_IFLNK):
                sink.write(b'./' + path + b'\0')
            elif len(left_out) < MOST_NAMES:
                left_out.append(path.decode('utf-8', 'backslashreplace'))
        sink.flush()
        report(reported, {'left_out': left_out})


def walk() -> Iterator[tuple[bytes, int]]:
    """Everything from ``app`` down: path and type. A directory precedes its entries, which come in bytewise order."""
    waiting = [(b'app', stat.S_IFDIR)]
    while waiting:
        path, kind = waiting.pop()
        yield path, kind
        if kind == stat.S_IFDIR:
            with os.scandir(path) as entries:
                below = sorted((entry.name, _kind(entry)) for entry in entries)
            waiting.extend((path + b'/' + name, kind) for name, kind in reversed(below))


def sizes() -> dict[str, int]:
    """Bytes of the files directly in each directory."""
    found: dict[str, int] = {}
    for path, kind in walk():
        if kind == stat.S_IFREG:
            folder = '/' + os.path.dirname(path).decode('utf-8', 'replace')
            found[folder] = found.get(folder, 0) + os.lstat(path).st_size
    return found


def report(descriptor: int, value: object) -> None:
    """One line of JSON for the parent; without it the parent takes the work for unfinished."""
    with os.fdopen(descriptor, 'w') as sink:
        json.dump(value, sink)


def _kind(entry: 'os.DirEntry[bytes]') -> int:
    if entry.is_symlink():
        return stat.S_IFLNK
    if entry.is_dir(follow_symlinks=False):
        return stat.S_IFDIR
    return stat.S_IFREG if entry.is_file(follow_symlinks=False) else 0


def _mount(
    libc: ctypes.CDLL, what: bytes, where: bytes, kind: bytes | None, flags: int, data: bytes | None
) -> None:
    _checked(libc.mount(what, where, kind, ctypes.c_ulong(flags), data))


def _checked(result: int) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


if __name__ == '__main__':
    main(*sys.argv[1:])
