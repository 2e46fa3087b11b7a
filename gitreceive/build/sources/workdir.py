"""A read-only view of a working directory: tracked and untracked files as they are, without what ``.gitignore`` names."""

import os
import stat
import subprocess
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import IO

from gitreceive.build.sources.ignore import glob_expression
from gitreceive.build.sources.pieces import CHUNK, readable
from gitreceive.build.sources.tarstream import header_time
from gitreceive.model.errors import SourceError
from gitreceive.model.plan import SourceFile
from gitreceive.model.push import NO_COMMIT, Commit, parse_commit

BEGINNING = 315532800
"""1980-01-01, the time of files that no commit gives one."""

KINDS = {stat.S_IFREG: 'file', stat.S_IFLNK: 'link', stat.S_IFDIR: 'submodule'}
"""A directory among the files is a repository of its own."""

SAFE = ('--no-optional-locks', '-c', 'core.fsmonitor=false', '-c', 'core.hooksPath=/dev/null')
"""Looking at a directory starts none of its programs."""

UNCONFIGURED = {'GIT_CONFIG_NOSYSTEM': '1', 'GIT_CONFIG_GLOBAL': os.devnull}
"""Lets git see the repository's own configuration alone."""


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
        self._top = os.fsencode(root) + b'/'
        self._folders: dict[bytes, bool] = {}
        self._found = {os.fsdecode(name): found for name in names if (found := self._look(name))}

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

    def changed(self, hidden: Sequence[str] = ()) -> bool:
        """Whether files other than ``hidden`` are not as in the commit. False without one.

        A filter that the machine's configuration names and the machine lacks (git-lfs) is left out.
        """
        if self._commit == NO_COMMIT:
            return False
        status = ('status', '--porcelain', '--', '.', *(f':(exclude,literal){name}' for name in hidden))
        try:
            return bool(self._git(*status))
        except SourceError:
            return bool(self._git(*status, environ=UNCONFIGURED))

    def exists(self, path: str) -> bool:
        """Whether a regular file stands at ``path``."""
        found = self._found.get(path)
        return found is not None and stat.S_ISREG(found.st_mode)

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
        return [path for path, found in self._found.items() if stat.S_ISREG(found.st_mode) and matches(path)]

    def files(self) -> Iterator[SourceFile]:
        """Every file, link and submodule, sorted by path."""
        for path, found in self._found.items():
            kind = KINDS[stat.S_IFMT(found.st_mode)]
            yield SourceFile(path=path, kind=kind, size=found.st_size if kind == 'file' else 0)

    @contextmanager
    def archive(self, prefix: str) -> Iterator[IO[bytes]]:
        """The tree as an uncompressed tar below ``prefix``, in the form of ``git archive``: owner root, plain modes."""
        with readable(self._members(prefix)) as stream:
            yield stream

    def _members(self, prefix: str) -> Iterator[bytes]:
        folders: set[str] = set()
        for path, found in self._found.items():
            name, mode = prefix + path, found.st_mode
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

    def _look(self, name: bytes) -> os.stat_result | None:
        """None for what is not there, is neither file, link nor directory, or lies behind a link."""
        if b'/' in name and not self._is_folder(name.rpartition(b'/')[0]):
            return None
        try:
            found = os.lstat(self._top + name)
        except OSError:
            return None
        return found if stat.S_IFMT(found.st_mode) in KINDS else None

    def _is_folder(self, name: bytes) -> bool:
        if name not in self._folders:
            found = self._look(name)
            self._folders[name] = found is not None and stat.S_ISDIR(found.st_mode)
        return self._folders[name]

    def _in_repository(self) -> bool:
        return any(
            (folder / '.git').exists() for folder in (self._root.absolute(), *self._root.absolute().parents)
        )

    def _take_head(self) -> None:
        found = self._git('log', '-1', '--format=%H %ct', may_fail=True).decode().split()
        if found:
            self._commit, self._committed = parse_commit(found[0]), header_time(int(found[1]))

    def _git(
        self, *words: str, may_fail: bool = False, environ: Mapping[str, str] = MappingProxyType({})
    ) -> bytes:
        command = ['git', *SAFE, '-C', str(self._root), *words]
        try:
            done = subprocess.run(
                command, env={**os.environ, **environ}, stdin=subprocess.DEVNULL, capture_output=True
            )
        except OSError as error:
            raise SourceError(f'git cannot be run: {error.strerror}; install it') from error
        if done.returncode != 0 and not may_fail:
            said = done.stderr.decode(errors='replace').strip()
            raise SourceError(f'git cannot list the files of {self._root}: {said}')
        return done.stdout


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
