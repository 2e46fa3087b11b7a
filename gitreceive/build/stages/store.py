"""Stores the slug, as long as it takes to release it."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from gitreceive.build.built import Built
from gitreceive.build.ports import ReleaseBook, SlugStore
from gitreceive.build.reduce import reduce_older
from gitreceive.model.operation import Operation
from gitreceive.model.slug import LayeredSlug, StoredSlug
from gitreceive.model.task import Task
from gitreceive.points import point


@contextmanager
def store_slug(
    task: Task,
    built: Built,
    slug: LayeredSlug,
    folder: Path,
    *,
    slugs: SlugStore,
    releases: ReleaseBook,
    describe: Callable[[Operation, Built], Mapping[str, object]],
) -> Iterator[StoredSlug]:
    """The stored slug, verified, with what ``describe`` says of it. If it is not released, the live one is as it was; if it is, older ones are reduced.

    Raises StorageError, or what the task was stopped with.
    """
    live, facts = releases.live(task.app), describe(task.operation, built)
    with slugs.storing(task.app, slug, facts, folder, live.slug.sha256 if live else '') as stored:
        point('slug.stored')
        task.cancellation.check()
        yield stored
    reduce_older(task.app, slugs, releases)
