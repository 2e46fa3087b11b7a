"""A read-only view of a working directory: tracked and untracked files as they are, without what ``.gitignore`` names."""

import os
import stat
import subprocess
import tarfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from gitreceive.errors import SourceError
from gitreceive.ignore import glob_expression
from gitreceive.model import NO_COMMIT, Commit, SourceFile, parse_commit
from gitreceive.pieces import CHUNK, readable

BEGINNING = 315532800
"""1980-01-01, the time of files that no commit gives one."""

SAFE = ('-c', 'core.fsmonitor=false', '-c', 'core.hooksPath=/dev/null')
"""Looking at a directory starts none of its programs."""


class WorkingDirectory:
    """The files below ``root``; satisfies the ``Source`` port. Symbolic links are seen as links and never followed.

    With git they are those that ``git add --all`` would take; without it all but ``.git``. They are listed once: make
    a new one to see what has changed. Raises SourceError if ``root`` is no directory, or git does not want to read it.
    """

    def __init__(self, root: Path) -> None:
        if not root.is_dir():
            raise SourceError(f'{root} is not a directory')
        self._root = root
        self._commit, self._committed = NO_COMMIT, BEGINNING
        if self._in_repository():
            paths = self._git('ls-files', '-z', '--cached', '--others', '--exclude-standard').split(b'\0')
            self._take_head()
        else:
            paths = list(_walk(os.fsencode(root), b''))
        names = sorted({path.rstrip(b'/') for path in paths if path})
        self._folders: dict[bytes, int] = {}
        self._modes = {os.fsdecode(name): mode for name in names if (mode := self._mode(name))}

    def __enter__(self) -> 'WorkingDirectory':
        return self

    def __exit__(self, *_: object) -> None:
        pass

    @property
    def commit(self) -> Commit:
        """What is checked out; NO_COMMIT without git, or before the first commit."""
        return self._commit

    @property
    def committed(self) -> int:
        """When that was committed; the beginning of 1980 without it."""
        return self._committed

    def exists(self, path: str) -> bool:
        """Whether a regular file stands at ``path``."""
        return stat.S_ISREG(self._modes.get(path, 0))

    def read(self, path: str, limit: int = 10_000_000) -> bytes:
        """The file's bytes; SourceError if it is missing or over ``limit`` bytes."""
        if not self.exists(path):
            raise SourceError(f'{path} is not a file of {self._root}')
        try:
            with self._open(path) as file:
                size = os.fstat(file.fileno()).st_size
                if size > limit:
                    raise SourceError(
                        f'{path} has {size:,} bytes; at most {limit:,} are read: make it smaller'
                    )
                return file.read(limit)
        except OSError as error:
            raise SourceError(f'cannot read {path}: {error.strerror}') from error

    def glob(self, pattern: str) -> Sequence[str]:
        """The paths of files that match, sorted; ``*`` stays within a directory."""
        matches = glob_expression(pattern).match
        return [path for path, mode in self._modes.items() if stat.S_ISREG(mode) and matches(path)]

    def files(self) -> Iterator[SourceFile]:
        """Every file, link and submodule, sorted by path."""
        for path, mode in self._modes.items():
            kind = {stat.S_IFREG: 'file', stat.S_IFLNK: 'link'}.get(stat.S_IFMT(mode), 'submodule')
            size = os.lstat(self._root / path).st_size if kind == 'file' else 0
            yield SourceFile(path=path, kind=kind, size=size)

    @contextmanager
    def archive(self, prefix: str) -> Iterator[IO[bytes]]:
        """The tree as an uncompressed tar below ``prefix``, in the form of ``git archive``: owner root, plain modes."""
        with readable(self._members(prefix)) as stream:
            yield stream

    def _members(self, prefix: str) -> Iterator[bytes]:
        folders: set[str] = set()
        for path, mode in self._modes.items():
            name = prefix + path
            for folder in _above(name, folders):
                yield self._header(folder, tarfile.DIRTYPE, 0o755)
            if stat.S_ISLNK(mode):
                yield self._header(name, tarfile.SYMTYPE, 0o777, link=os.readlink(self._root / path))
            elif stat.S_ISREG(mode):
                yield from self._file(name, path, 0o755 if mode & stat.S_IXUSR else 0o644)
            else:
                yield self._header(f'{name}/', tarfile.DIRTYPE, 0o755)
        yield bytes(2 * tarfile.BLOCKSIZE)

    def _file(self, name: str, path: str, mode: int) -> Iterator[bytes]:
        with self._open(path) as file:
            left = os.fstat(file.fileno()).st_size
            padding = -left % tarfile.BLOCKSIZE
            yield self._header(name, tarfile.REGTYPE, mode, size=left)
            while left:
                piece = file.read(min(left, CHUNK))
                if not piece:
                    raise SourceError(f'{path} became shorter while it was read: try again')
                left -= len(piece)
                yield piece
            yield bytes(padding)

    def _header(self, name: str, kind: bytes, mode: int, *, size: int = 0, link: str = '') -> bytes:
        info = tarfile.TarInfo(name)
        info.type, info.mode, info.size, info.linkname = kind, mode, size, link
        info.mtime, info.uname, info.gname = self._committed, 'root', 'root'
        return info.tobuf(tarfile.GNU_FORMAT, 'utf-8', 'surrogateescape')

    def _open(self, path: str) -> IO[bytes]:
        return open(os.open(self._root / path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC), 'rb')

    def _mode(self, name: bytes) -> int:
        """0 for what is not there, is neither file, link nor directory, or lies behind a link."""
        if b'/' in name and not stat.S_ISDIR(self._folder(name.rpartition(b'/')[0])):
            return 0
        mode = _lstat(os.path.join(os.fsencode(self._root), name))
        return mode if stat.S_IFMT(mode) in (stat.S_IFREG, stat.S_IFLNK, stat.S_IFDIR) else 0

    def _folder(self, name: bytes) -> int:
        if name not in self._folders:
            self._folders[name] = self._mode(name)
        return self._folders[name]

    def _in_repository(self) -> bool:
        return any(
            (folder / '.git').exists() for folder in (self._root.absolute(), *self._root.absolute().parents)
        )

    def _take_head(self) -> None:
        found = self._git('log', '-1', '--format=%H %ct', may_fail=True).decode().split()
        if found:
            self._commit, self._committed = parse_commit(found[0]), int(found[1])

    def _git(self, *words: str, may_fail: bool = False) -> bytes:
        command = ['git', *SAFE, '-C', str(self._root), *words]
        try:
            done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True)
        except OSError as error:
            raise SourceError(f'git cannot be run: {error.strerror}; install it') from error
        if done.returncode != 0 and not may_fail:
            said = done.stderr.decode(errors='replace').strip()
            raise SourceError(f'git cannot list the files of {self._root}: {said}')
        return done.stdout


def _lstat(path: bytes) -> int:
    try:
        return os.lstat(path).st_mode
    except OSError:
        return 0


def _walk(folder: bytes, prefix: bytes) -> Iterator[bytes]:
    """The paths of what is below ``folder`` and is no directory; links are not followed."""
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        raise SourceError(f'cannot read the directory {os.fsdecode(folder)}: {error.strerror}') from error
    for entry in entries:
        if entry.name == b'.git':
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from _walk(entry.path, prefix + entry.name + b'/')
        else:
            yield prefix + entry.name


def _above(name: str, known: set[str]) -> Iterator[str]:
    """The directories above ``name`` that are not in ``known`` yet, outermost first; they are then."""
    at = name.find('/')
    while at != -1:
        folder = name[: at + 1]
        if folder not in known:
            known.add(folder)
            yield folder
        at = name.find('/', at + 1)
