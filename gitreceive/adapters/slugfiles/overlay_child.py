"""Runs in a process of its own: mounts the layers of an image, lists what is below ``/app`` and lets tar write it.

``python3 -I -S overlay_child.py pack|sizes|try OVERLAY2 REPORT``; standard input is a JSON object (``Wanted``), standard
output the tar stream, with an empty file ``END`` behind all others; the descriptor REPORT takes one line of JSON at the
end. The mounts live in a private namespace and end with the last process in it, so that nothing is left after a kill
-9. Content is not trusted: no symlink is followed and nothing is opened by this script but directories.
"""

import ctypes
import errno
import json
import os
import stat
import sys
from collections.abc import Callable, Iterator
from typing import NoReturn, TypedDict

CLONE_NEWNS = 0x00020000
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REC, MS_PRIVATE = 1, 2, 4, 8, 0x4000, 0x40000
"""From <linux/sched.h> and <linux/mount.h>."""

MOUNTPOINT = '/tmp'
"""Covered in the private namespace only; the file hierarchy standard has it everywhere."""

END = 'gitreceive-end'
"""Where the tar stream really ends is not seen from outside: it is padded with zeros, and a file may end with some."""

CANNOT_MOUNT, NOTHING_THERE = 77, 78
MOST_NAMES = 20
TOO_LONG = (
    'a path below /app is longer than the 4,096 bytes that Linux allows: let the build make shorter ones'
)
SHOWN = 80
"""Characters of a path that are shown."""

SPECIAL, BITS = ' (a device, socket or pipe)', ' (its setuid or setgid bit)'
"""What is said of what is left out, behind its path."""

TAR = (
    ('tar', '--create', '--file=-', '--format=gnu', '--blocking-factor=128')
    + (
        '--no-recursion',
        '--one-file-system',
        '--numeric-owner',
        '--owner=1000',
        '--group=1000',
        '--mode=u-s,g-s,-t',
    )
    + ('--null', '--verbatim-files-from')
)


class Wanted(TypedDict):
    """What is asked for. Layers are short names below OVERLAY2, the uppermost first; paths are Latin-1 for bytes.

    ``layers`` are all of the image. ``own`` are those whose entries are wanted, without the paths in ``hidden``; empty:
    everything. A directory that lower layers have as well is an entry all the same: a part of a slug is a layer of an
    image, too, and an engine makes directories that a layer does not name itself, as root's.
    """

    layers: list[str]
    own: list[str]
    hidden: list[str]
    mtime: int


Entries = Iterator[tuple[bytes, int]]
"""Path and type (``stat.S_IFMT``; 0 for whatever a slug cannot hold)."""


def main(task: str, root: str, reported: str) -> None:
    """See the module."""
    wanted: Wanted = json.load(sys.stdin)
    try:
        mount(root, wanted)
    except OSError as error:
        print(f'cannot mount the layers: {error}', file=sys.stderr)
        sys.exit(CANNOT_MOUNT)
    if task == 'try':
        report(int(reported), {})
        return
    os.chdir(f'{MOUNTPOINT}/layers')
    if not os.path.lexists('app'):
        sys.exit(NOTHING_THERE)
    if not stat.S_ISDIR(os.lstat('app').st_mode):
        sys.exit('/app is not a directory')
    if task == 'sizes':
        report(int(reported), {'sizes': sizes()})
    else:
        pack(wanted, int(reported))


def mount(root: str, wanted: Wanted) -> None:
    """Mounts overlays read-only below MOUNTPOINT, where nobody else sees them. Raises OSError."""
    libc = ctypes.CDLL(None, use_errno=True)
    os.chdir(root)
    _checked(libc.unshare(CLONE_NEWNS))
    _mount(libc, b'none', b'/', None, MS_REC | MS_PRIVATE, None)
    _mount(
        libc, b'tmpfs', MOUNTPOINT.encode(), b'tmpfs', MS_NOSUID | MS_NODEV | MS_NOEXEC, b'size=64k,mode=0700'
    )
    os.mkdir(f'{MOUNTPOINT}/empty')  # an overlay without an upper directory needs two lower ones
    with open(f'{MOUNTPOINT}/{END}', 'wb'):
        pass
    for name, lower in (('layers', wanted['layers']), ('own', wanted['own'])):
        os.mkdir(f'{MOUNTPOINT}/{name}')
        if lower:
            options = f'lowerdir={":".join(lower)}:{MOUNTPOINT}/empty'.encode()
            flags = MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC
            _mount(libc, b'overlay', f'{MOUNTPOINT}/{name}'.encode(), b'overlay', flags, options)


def pack(wanted: Wanted, reported: int) -> NoReturn:
    """Becomes tar; a child walks the tree and feeds it the names."""
    names, to_tar = os.pipe()
    if os.fork() == 0:
        os.close(names)
        os.close(1)
        try:
            feed(entries(wanted), to_tar, reported)
        except OSError as error:
            print(unlistable(error), file=sys.stderr)
            os._exit(1)
        os._exit(0)
    os.close(to_tar)
    os.close(reported)
    os.dup2(names, 0)
    end = ('--files-from=-', f'--directory={MOUNTPOINT}', END)
    os.execvp('tar', [*TAR, f'--mtime=@{wanted["mtime"]}', *end])


def feed(found: Entries, to_tar: int, reported: int) -> None:
    """Writes the names for tar, and reports before tar can see their end: then tar's end is the end of all."""
    left_out: list[str] = []
    with os.fdopen(to_tar, 'wb', buffering=1 << 16) as sink:
        for path, kind in found:
            what = '' if kind else SPECIAL
            if kind:
                sink.write(b'./' + path + b'\0')
            if kind == stat.S_IFREG and os.lstat(path).st_mode & (stat.S_ISUID | stat.S_ISGID):
                what = BITS
            if what and len(left_out) < MOST_NAMES:
                left_out.append(path.decode('utf-8', 'backslashreplace') + what)
        sink.flush()
        report(reported, {'left_out': left_out})


def unlistable(error: OSError) -> str:
    """Why the tree cannot be read, with a path of any length in one line."""
    path = os.fsdecode(error.filename or b'')
    shown = ascii(path if len(path) <= SHOWN else f'{path[: SHOWN // 2]}...{path[-SHOWN // 2 :]}')[1:-1]
    if error.errno == errno.ENAMETOOLONG:
        return f'{TOO_LONG} ({shown})'
    return f'{error.strerror} ({shown})'


def entries(wanted: Wanted) -> Entries:
    """What is asked for, in the order of ``walk``."""
    if not wanted['own']:
        return walk('.')
    return own_entries({path.encode('latin-1') for path in wanted['hidden']})


def own_entries(hidden: set[bytes]) -> Entries:
    """What some layers have put there and is to be seen in the end."""
    own = f'{MOUNTPOINT}/own'
    for path, kind in walk(own, lambda path: path not in hidden):
        if kind or os.path.lexists(f'{own}/'.encode() + path):  # what cannot be found is a whiteout
            yield path, kind


def walk(top: str, wanted: Callable[[bytes], bool] = lambda path: True) -> Entries:
    """Everything from ``app`` down. A directory precedes its entries, which come in bytewise order."""
    root = top.encode() + b'/'
    waiting = [(b'app', stat.S_IFDIR)] if _is_folder(root + b'app') and wanted(b'app') else []
    while waiting:
        path, kind = waiting.pop()
        yield path, kind
        if kind == stat.S_IFDIR:
            with os.scandir(root + path) as found:
                below = sorted((path + b'/' + entry.name, _kind(entry)) for entry in found)
            waiting.extend(pair for pair in reversed(below) if wanted(pair[0]))


def sizes() -> dict[str, int]:
    """Bytes of the files directly in each directory."""
    found: dict[str, int] = {}
    for path, kind in walk('.'):
        if kind == stat.S_IFREG:
            folder = '/' + os.path.dirname(path).decode('utf-8', 'replace')
            found[folder] = found.get(folder, 0) + os.lstat(path).st_size
    return found


def report(descriptor: int, value: object) -> None:
    """One line of JSON for the parent; without it the parent takes the work for unfinished."""
    with os.fdopen(descriptor, 'w') as sink:
        json.dump(value, sink)


def _is_folder(path: bytes) -> bool:
    try:
        return stat.S_ISDIR(os.lstat(path).st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return False


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
