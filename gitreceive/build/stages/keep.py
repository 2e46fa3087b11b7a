"""Keeps an app's slugs from being removed, and a directory for its work, until its release is recorded."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gitreceive.build.ports import SlugStore
from gitreceive.model.errors import SlugError
from gitreceive.model.task import Task


@contextmanager
def keep_slugs(task: Task, *, slugs: SlugStore, work: Path) -> Iterator[Path]:
    """An empty directory below ``work``, gone afterwards. Raises SlugError, StateError, BuildTimeout or BuildCancelled."""
    task.console.step('Packing the slug')  # before it waits for a removal that is at work
    with slugs.keeping(task.app, task.cancellation), _folder(work / str(task.operation.number)) as folder:
        yield folder


@contextmanager
def _folder(path: Path) -> Iterator[Path]:
    try:
        path.mkdir(mode=0o700, parents=True)
    except OSError as error:
        raise SlugError(f'cannot make {path}: {error.strerror}') from error
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
