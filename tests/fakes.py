"""Stand-ins for the world that keep the ports' promises."""

import fnmatch
import hashlib
import io
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from gitreceive.build.ports import BuildJob
from gitreceive.model.app import AppName
from gitreceive.model.errors import BuildError, SourceError
from gitreceive.model.plan import SourceFile
from gitreceive.model.progress import Cancellation, Console
from gitreceive.model.push import Commit
from gitreceive.model.slug import Image


class FakeSource:
    """A commit that exists in memory: path to content. Satisfies ``ports.Source``."""

    def __init__(self, files: Mapping[str, str | bytes] | None = None) -> None:
        given = files or {}
        self._files = {path: text.encode() if isinstance(text, str) else text for path, text in given.items()}

    @property
    def commit(self) -> Commit:
        return Commit('1' * 40)

    @property
    def committed(self) -> int:
        return 1_700_000_000

    def exists(self, path: str) -> bool:
        return path in self._files

    def read(self, path: str, limit: int = 10_000_000) -> bytes:
        if path not in self._files:
            raise SourceError(f'{path} is not a file of commit {self.commit[:7]}')
        content = self._files[path]
        if len(content) > limit:
            raise SourceError(
                f'{path} has {len(content):,} bytes; at most {limit:,} are read: make it smaller'
            )
        return content

    def glob(self, pattern: str) -> Sequence[str]:
        parts = pattern.split('/')
        return sorted(path for path in self._files if _matches(path.split('/'), parts))

    def files(self) -> Iterator[SourceFile]:
        for path, content in sorted(self._files.items()):
            yield SourceFile(path=path, kind='file', size=len(content))

    @contextmanager
    def archive(self, prefix: str) -> Iterator[IO[bytes]]:
        written = io.BytesIO()
        with tarfile.open(fileobj=written, mode='w') as tar:
            for path, content in sorted(self._files.items()):
                member = tarfile.TarInfo(prefix + path)
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))
        written.seek(0)
        yield written


class FakeBuilder:
    """An engine that builds every recipe at once, into one image for each number. Satisfies ``ports.ImageBuilder``.

    ``error`` is how every build fails, ``broken`` how those of some Dockerfiles do.
    """

    def __init__(
        self,
        release: bytes = b'',
        error: BuildError | None = None,
        broken: Mapping[str, BuildError] | None = None,
    ) -> None:
        self.jobs: list[BuildJob] = []
        self._release, self._error, self._broken = release, error, broken or {}
        self._images: dict[int, tuple[AppName, Image]] = {}

    def build(self, job: BuildJob, console: Console, cancellation: Cancellation) -> Image:
        cancellation.check()
        self.jobs.append(job)
        error = self._error or self._broken.get(job.recipe.dockerfile)
        if error:
            raise error
        name = f'{job.app}:{job.number}'
        image = Image(id=_id(f'{job.app} {job.number}'), name=name, release=self._release)
        self._images[job.number] = job.app, image
        return image

    def digest(self, name: str) -> str:
        return next((image.id for _, image in self._images.values() if image.name == name), '')

    def place(self) -> Path | None:
        return None

    def images(self) -> Mapping[int, AppName]:
        return {number: app for number, (app, _) in self._images.items()}

    def remove_images(self, numbers: frozenset[int]) -> int:
        gone = numbers & self._images.keys()
        for number in gone:
            del self._images[number]
        return len(gone)

    def remove_containers(self, before: int, active: frozenset[int]) -> int:
        return 0


def _id(text: str) -> str:
    return f'sha256:{hashlib.sha256(text.encode()).hexdigest()}'


def _matches(path: Sequence[str], pattern: Sequence[str]) -> bool:
    return len(path) == len(pattern) and all(map(fnmatch.fnmatchcase, path, pattern))
