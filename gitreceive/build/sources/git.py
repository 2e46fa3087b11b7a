"""A read-only view of one commit: dulwich looks into the object store, ``git archive`` streams the whole tree."""

import fnmatch
import os
import re
import stat
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import IO

from dulwich.errors import NotGitRepository
from dulwich.objects import Blob, ObjectID, Tree
from dulwich.objects import Commit as GitCommit
from dulwich.repo import Repo

from gitreceive.build.sources.pieces import CHUNK
from gitreceive.build.sources.sizes import ObjectSizes
from gitreceive.build.sources.tarstream import header_time
from gitreceive.build.sources.workdir import BEGINNING
from gitreceive.model.errors import SourceError
from gitreceive.model.plan import SourceFile
from gitreceive.model.push import Commit
from gitreceive.repositories.command import start_git
from gitreceive.repositories.rules import EMPTY_TREE

COMMIT = re.compile(rb'tree ([0-9a-f]{40})\n')
COMMITTED = re.compile(rb'^committer .*> *(\d+)', re.MULTILINE)
WILD = re.compile(rb'[*?[]')
LINK = '120000'
"""The mode of symbolic links in a tree."""

ATTRIBUTES = '* -text -eol -ident -filter !working-tree-encoding -export-ignore -export-subst\n'
"""All that lets ``git archive`` write other bytes than those of the commit, or leave files out (gitattributes(5)). They
belong to checkouts and release tarballs; a receiver's host has neither the filters nor a line ending of its own."""

TREES = 64
"""How many parsed directories are kept: a plan asks the root, and few others, dozens of times."""


class GitSource:
    """The tree of ``commit`` in the bare repository ``repo``; satisfies the ``Source`` port. Close it after use."""

    def __init__(self, repo: Path, commit: Commit) -> None:
        self._path = repo
        self._commit = commit
        try:
            self._repo = Repo(str(repo), bare=True)
        except (NotGitRepository, ValueError, OSError) as error:
            raise SourceError(f'{repo} cannot be read as a git repository: {error}') from error
        self._root, self._committed = self._read_commit()
        self._tree = lru_cache(TREES)(self._parsed_tree)
        self._sizes = ObjectSizes(repo)

    def __enter__(self) -> 'GitSource':
        return self

    def __exit__(self, *_: object) -> None:
        self._repo.close()
        self._sizes.close()

    @property
    def commit(self) -> Commit:
        """The commit whose files these are."""
        return self._commit

    @property
    def committed(self) -> int:
        """When it was committed, in whole seconds since the epoch."""
        return self._committed

    def exists(self, path: str) -> bool:
        """Whether a regular file stands at ``path``."""
        return self._find(path) is not None

    def read(self, path: str, limit: int = 10_000_000) -> bytes:
        """The file's bytes; SourceError if it is missing or over ``limit`` bytes (its size is asked first)."""
        name = self._find(path)
        if name is None:
            raise SourceError(f'{path} is not a file of commit {self._commit[:7]}')
        size = self._sizes.of(name)
        if size > limit:
            raise SourceError(f'{path} has {size:,} bytes; at most {limit:,} are read: make it smaller')
        blob = self._repo[name]
        assert isinstance(blob, Blob)
        return blob.as_raw_string()

    def glob(self, pattern: str) -> Sequence[str]:
        """The paths of files that match, sorted; ``*`` stays within a directory."""
        return sorted(
            os.fsdecode(path) for path in self._match(self._root, b'', os.fsencode(pattern).split(b'/'))
        )

    def files(self) -> Iterator[SourceFile]:
        """Every file, link and submodule, sorted by path, as ``git ls-tree`` finds them: it reads the sizes."""
        with start_git(self._path, 'ls-tree', '-r', '-l', '-z', '--full-tree', self._commit) as child:
            assert child.stdout
            try:
                yield from map(_source_file, _entries(child.stdout))
                if child.wait() != 0:
                    raise SourceError(
                        f'git ls-tree of {self._commit[:7]} failed with status {child.returncode}'
                    )
            finally:
                child.kill()

    @contextmanager
    def archive(self, prefix: str) -> Iterator[IO[bytes]]:
        """The whole tree as an uncompressed tar below ``prefix``. Raises SourceError if git fails on the way."""
        with (
            _attribute_free() as view,
            start_git(
                self._path,
                *('archive', f'--prefix={prefix}', self._commit),
                options=('--git-dir', str(view), '-c', 'tar.umask=0022'),
                stderr=subprocess.PIPE,
                GIT_OBJECT_DIRECTORY=str(self._path / 'objects'),
            ) as child,
        ):
            assert child.stdout and child.stderr
            try:
                yield child.stdout
                if child.stdout.read(1) == b'' and child.wait() != 0:
                    said = child.stderr.read(2000).decode(errors='replace').strip()
                    raise SourceError(f'git archive of {self._commit[:7]} failed: {said}')
            finally:
                child.kill()

    def _read_commit(self) -> tuple[ObjectID, int]:
        """Its tree and its time; of its other lines, which some tools write as they please, none is parsed."""
        try:
            kind, raw = self._repo.object_store.get_raw(ObjectID(self._commit.encode()))
        except KeyError as error:
            raise SourceError(f'commit {self._commit} is not in {self._path}') from error
        found = COMMIT.match(raw)
        if kind != GitCommit.type_num or not found:
            raise SourceError(f'{self._commit} is not a commit')
        time = COMMITTED.search(raw.partition(b'\n\n')[0])
        return ObjectID(found[1]), header_time(int(time[1])) if time else BEGINNING

    def _find(self, path: str) -> ObjectID | None:
        *folders, last = os.fsencode(path).split(b'/')
        tree = self._tree(self._root)
        for folder in folders:
            if folder not in tree or not stat.S_ISDIR(tree[folder][0]):
                return None
            tree = self._tree(tree[folder][1])
        if last not in tree or not stat.S_ISREG(tree[last][0]):
            return None
        return tree[last][1]

    def _match(self, tree: ObjectID, prefix: bytes, parts: list[bytes]) -> Iterator[bytes]:
        entries = self._tree(tree)
        # A plain name is not looked for among 50,000 others.
        names = fnmatch.filter(entries, parts[0]) if WILD.search(parts[0]) else parts[:1]
        for name in names:
            mode, found = entries[name] if name in entries else (0, tree)
            if len(parts) == 1 and stat.S_ISREG(mode):
                yield prefix + name
            elif len(parts) > 1 and stat.S_ISDIR(mode):
                yield from self._match(found, prefix + name + b'/', parts[1:])

    def _parsed_tree(self, name: ObjectID) -> Tree:
        if name == EMPTY_TREE.encode():
            return Tree()  # clients need not send it
        found = self._repo[name]
        if not isinstance(found, Tree):
            raise SourceError(f'{name.decode()} in commit {self._commit[:7]} is not a tree')
        return found


@contextmanager
def _attribute_free() -> Iterator[Path]:
    """A git directory without objects of its own, where ``ATTRIBUTES`` are stronger than those of a commit."""
    with tempfile.TemporaryDirectory(prefix='gitreceive-') as name:
        view = Path(name)
        view.chmod(0o755)
        for folder in ('info', 'objects', 'refs'):
            (view / folder).mkdir()
        (view / 'HEAD').write_text('ref: refs/heads/none\n')
        (view / 'info' / 'attributes').write_text(ATTRIBUTES)
        yield view


def _entries(stream: IO[bytes]) -> Iterator[bytes]:
    """The NUL-terminated entries of a stream; a tree may have more of them than fit into memory."""
    rest = b''
    while piece := stream.read(CHUNK):
        *whole, rest = (rest + piece).split(b'\0')
        yield from whole


def _source_file(entry: bytes) -> SourceFile:
    about, path = os.fsdecode(entry).split('\t', 1)
    mode, kind, name, size = about.split()
    if mode == LINK:
        return SourceFile(path, 'link')
    if kind == 'blob':
        return SourceFile(path, 'file', int(size))
    return SourceFile(path, 'submodule', commit=name)
