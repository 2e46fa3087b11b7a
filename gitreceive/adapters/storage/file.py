"""Storage in a directory. An object appears by a rename, so nobody ever sees a part of one."""

import contextlib
import errno
import fcntl
import os
import re
import shutil
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import IO
from urllib.parse import quote, unquote, urlsplit

from gitreceive.adapters.storage.carrying import Carrying
from gitreceive.adapters.web.incoming import incoming
from gitreceive.model.errors import NoSuchObject, SettingsError, StorageError

NAME = re.compile(r'[A-Za-z0-9_][\w.-]*(/[A-Za-z0-9_][\w.-]*)*', re.ASCII)
TEMPORARY = '.tmp-'
PIECE = 1 << 24
NOT_IN_THE_KERNEL = (errno.EXDEV, errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP)
"""What ``copy_file_range`` says of files that it cannot copy, before it has copied anything."""


class FileStorage:
    """Objects are files below ``root``; satisfies ``Storage`` and ``Composing``. Directories are made when needed."""

    keeps_parts = True

    def __init__(self, root: Path) -> None:
        self._root = root
        self._carrying = Carrying()

    @classmethod
    def from_url(cls, url: str) -> 'FileStorage':
        """``file:///srv/slugs``. Raises SettingsError for a relative path or another host."""
        parts = urlsplit(url)
        if parts.netloc not in ('', 'localhost') or not parts.path.startswith('/'):
            raise SettingsError(
                f'storage.url = {url!r}: an absolute path is expected, for example file:///srv/slugs'
            )
        return cls(Path(unquote(parts.path)))

    def put(self, name: str, file: Path) -> str:
        """See the port. The bytes are on disk before the name is, and the name before this returns."""
        path = self._path(name)
        with self._errors(f'cannot store {name}', [file]):
            _make_folder(path.parent)
            temporary = path.parent / f'{TEMPORARY}{uuid.uuid4().hex}'
            try:
                with _locked(temporary) as sink:
                    _copy(file, sink)
                    os.fsync(sink.fileno())
                    temporary.rename(path)
            finally:
                temporary.unlink(missing_ok=True)
            _sync_folder(path.parent)
        return self.url(name)

    def url(self, name: str) -> str:
        """See the port."""
        return f'file://{quote(str(self._path(name)))}'

    @contextmanager
    def open(self, name: str) -> Iterator[IO[bytes]]:
        """See the port."""
        path = self._path(name)
        errors = partial(self._errors, f'cannot read {name}')
        with errors():
            file = path.open('rb', buffering=0)
        with file:
            yield incoming(file.read, errors)

    def size(self, name: str) -> int | None:
        """See the port."""
        path = self._path(name)
        with self._errors(f'cannot look at {name}'):
            try:
                return path.stat().st_size
            except (FileNotFoundError, NotADirectoryError):
                return None

    def compose(self, name: str, parts: Sequence[str], instead_of: str = '') -> str:
        """See the port. What ``instead_of`` begins with is kept of its file, if that is possible.

        The rest is added by sharing blocks where the file system can (XFS, Btrfs), else by a copy in the kernel. It is
        not waited for the disk: the parts are there already.
        """
        path, files = self._path(name), list(map(self._path, parts))
        with self._errors(f'cannot compose {name}', files):
            _make_folder(path.parent)
            temporary = path.parent / f'{TEMPORARY}{uuid.uuid4().hex}'
            try:
                taken = self._carrying.take(self._path(instead_of), files, temporary) if instead_of else None
                begun, kept = taken or (_locked(temporary), 0)
                with begun as sink:
                    for file in files[kept:]:
                        _copy(file, sink)
                    temporary.rename(path)
                    self._carrying.remember(path, files, sink)
            finally:
                temporary.unlink(missing_ok=True)
        return self.url(name)

    def list(self, prefix: str = '') -> Iterator[str]:
        """See the port."""
        yield from sorted(name for name in self._names(prefix) if name.startswith(prefix))

    def delete(self, name: str) -> None:
        """See the port."""
        path = self._path(name)
        with self._errors(f'cannot delete {name}'):
            with contextlib.suppress(FileNotFoundError, NotADirectoryError):
                path.unlink()
                _sync_folder(path.parent)

    def sweep(self) -> int:
        """See the port. A put that still runs, in whatever process, holds a lock on its file: that one stays."""
        removed = 0
        with self._errors('cannot clean up'):
            for folder, _, files in os.walk(self._root):
                for file in files:
                    if file.startswith(TEMPORARY):
                        removed += _remove_unlocked(Path(folder, file))
        return removed

    def _names(self, prefix: str) -> Iterator[str]:
        above = prefix.rpartition('/')[0]
        top = self._path(above) if above else self._root
        with self._errors('cannot list the objects'):
            for folder, _, files in os.walk(top):
                for file in files:
                    name = str(Path(folder, file).relative_to(self._root))
                    if NAME.fullmatch(name):
                        yield name

    def _path(self, name: str) -> Path:
        if not NAME.fullmatch(name):
            raise StorageError(
                f'{ascii(name[:100])} is not a name of an object: letters, digits, "_", "-", "." and "/"'
            )
        return self._root / name

    @contextmanager
    def _errors(self, what: str, files: Sequence[Path] = ()) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError as error:
            raise NoSuchObject(f'{what} in {self._root}: there is no such object') from error
        except OSError as error:
            raise StorageError(f'{what} in {self._root}: {self._explained(error, files)}') from error

    def _explained(self, error: OSError, files: Sequence[Path]) -> str:
        place = error.filename or self._root
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            needed = sum(file.stat().st_size for file in files)
            free = shutil.disk_usage(_existing(self._root)).free
            return (
                f'no room: {needed:,} bytes are needed and {free:,} are free; '
                'remove what is not needed there or make the file system larger, and push again'
            )
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            return f'{place} is not writable for user id {os.geteuid()} ({error.strerror}): give it access to {self._root}'
        return f'{error.strerror} ({place})'


@contextmanager
def _locked(path: Path) -> Iterator[IO[bytes]]:
    """A new file that ``sweep`` does not take for a leftover."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(descriptor, 'wb') as sink:
        fcntl.flock(sink, fcntl.LOCK_EX)
        yield sink


def _copy(source: Path, sink: IO[bytes]) -> None:
    """Adds a file to another one in the kernel, sharing the blocks where the file system can."""
    with source.open('rb') as stream:
        copied = 0
        try:
            while count := os.copy_file_range(stream.fileno(), sink.fileno(), PIECE):
                copied += count
        except OSError as error:
            if copied or error.errno not in NOT_IN_THE_KERNEL:
                raise
            shutil.copyfileobj(stream, sink, PIECE)
            sink.flush()


def _remove_unlocked(file: Path) -> bool:
    with contextlib.suppress(FileNotFoundError), file.open('rb') as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        file.unlink()
        return True
    return False


def _make_folder(folder: Path) -> None:
    if folder.is_dir():
        return
    _make_folder(folder.parent)
    folder.mkdir(mode=0o700, exist_ok=True)
    _sync_folder(folder.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _existing(path: Path) -> Path:
    while not path.exists():
        path = path.parent
    return path
