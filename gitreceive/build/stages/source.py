"""Opens the commit that is deployed."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from gitreceive.build.ports import Source
from gitreceive.build.sources.git import GitSource
from gitreceive.build.sources.shown import WatchedSource
from gitreceive.model.app import AppName
from gitreceive.model.task import Task
from gitreceive.points import point


@contextmanager
def open_source(task: Task, *, repository: Callable[[AppName], Path], stack: str) -> Iterator[Source]:
    """The operation's commit in the app's repository; ``stack`` is what it is built on. Reading it ends when the task is stopped. Raises SourceError."""
    number = task.operation.number
    task.console.step(f'Building {task.app} on {stack} (build {number}; it goes on if you disconnect)')
    point('build.started')
    with GitSource(repository(task.app), task.operation.commit) as code:
        yield WatchedSource(code, task.cancellation.check)
