"""A source without the files that an ignore list names, and one that is looked at only for as long as it may be."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import IO

from gitreceive.build.ports import Source
from gitreceive.build.sources.ignore import LIMIT, IgnoreList, bounded
from gitreceive.build.sources.pieces import CHUNK, readable
from gitreceive.build.sources.tarstream import without
from gitreceive.model.errors import SourceError
from gitreceive.model.plan import SourceFile
from gitreceive.model.push import Commit


def without_ignored(source: Source, name: str, parse: Callable[[bytes], IgnoreList]) -> Source:
    """``source`` without what its file ``name`` lists; ``source`` itself if there is no such file.

    Raises SourceError for a list that cannot be read, with the line's number. So does looking at the files, if they and
    the list are so many that it would take long.
    """
    if not source.exists(name):
        return source
    ignored = parse(source.read(name, LIMIT))
    return ShownSource(source, bounded(ignored, name)) if ignored.runs else source


class ShownSource:
    """What ``hides`` does not name of ``source``; satisfies the ``Source`` port. Directories end with ``/`` for it."""

    def __init__(self, source: Source, hides: Callable[[str], bool]) -> None:
        self._source = source
        self._hides = hides

    @property
    def commit(self) -> Commit:
        """The commit whose files these are."""
        return self._source.commit

    @property
    def committed(self) -> int:
        """When it was committed, in whole seconds since the epoch."""
        return self._source.committed

    def exists(self, path: str) -> bool:
        """Whether a regular file stands at ``path`` and is shown."""
        return not self._hides(path) and self._source.exists(path)

    def read(self, path: str, limit: int = 10_000_000) -> bytes:
        """The file's bytes. Raises SourceError also if it is hidden."""
        if self._hides(path):
            raise SourceError(f'{path} is left out by an ignore list')
        return self._source.read(path, limit)

    def glob(self, pattern: str) -> Sequence[str]:
        """The paths of shown files that match, sorted."""
        return [path for path in self._source.glob(pattern) if not self._hides(path)]

    def files(self) -> Iterator[SourceFile]:
        """What is shown, sorted by path."""
        return (file for file in self._source.files() if not self._hides(file.path))

    @contextmanager
    def archive(self, prefix: str) -> Iterator[IO[bytes]]:
        """The archive of ``source``, without the members that are hidden."""
        with (
            self._source.archive(prefix) as stream,
            readable(without(stream.read, prefix, self._hides)) as shown,
        ):
            yield shown


class WatchedSource(ShownSource):
    """All of ``source``; ``check`` is called between any two files and pieces, and may raise.

    An ignore list may make each file cost milliseconds, and a commit may have a hundred thousand.
    """

    def __init__(self, source: Source, check: Callable[[], None]) -> None:
        super().__init__(source, self._checked)
        self._check = check

    @contextmanager
    def archive(self, prefix: str) -> Iterator[IO[bytes]]:
        """The archive of ``source``."""
        with self._source.archive(prefix) as stream, readable(self._pieces(stream)) as watched:
            yield watched

    def _checked(self, path: str) -> bool:
        self._check()
        return False

    def _pieces(self, stream: IO[bytes]) -> Iterator[bytes]:
        while piece := stream.read(CHUNK):
            self._check()
            yield piece
