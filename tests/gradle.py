"""A Gradle that wrappers can fetch though no package registry has one: made of the stack's, and served by the tests.

In a container of the stack's build image ``gradle_distribution.sh`` packs it as Gradle's own distributions are packed, and
lets it make a wrapper.
"""

import io
import shutil
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import docker

from gitreceive.model.plan import Stack
from tests.debian import MADE, made_inside
from tests.served import served

MAKER = Path(__file__).with_name('gradle_distribution.sh')
PARTS = ('dist', 'wrapper')


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrapper:
    """``folder`` holds gradlew and gradle/wrapper, as ``gradle wrapper`` has written them for the Gradle at ``url``."""

    folder: Path
    url: str

    def beside(self, app: Path, target: Path) -> Path:
        """A copy of ``app`` at ``target`` that has the wrapper."""
        shutil.copytree(app, target)
        shutil.copytree(self.folder, target, dirs_exist_ok=True)
        return target


@contextmanager
def gradle(engine: docker.DockerClient, stack: Stack, folder: Path) -> Iterator[Wrapper]:
    """A wrapper whose Gradle builds get as long as the context lasts. ``folder`` is empty and keeps both."""
    with served(engine, folder) as url:
        _make(engine, stack, folder, url)
        distribution = next((folder / 'dist').glob('gradle-*-bin.zip'))
        yield Wrapper(folder=folder / 'wrapper', url=f'{url}/dist/{distribution.name}')


def _make(engine: docker.DockerClient, stack: Stack, folder: Path, url: str) -> None:
    with made_inside((MAKER, url), engine, stack) as container:
        for name in PARTS:
            pieces, _ = container.get_archive(f'{MADE}/{name}')
            with tarfile.open(fileobj=io.BytesIO(b''.join(pieces))) as tar:
                tar.extractall(folder)
