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
def open_source(
    task: Task, *, repository: Callable[[AppName], Path], stack: Callable[[AppName, Source], str]
) -> Iterator[Source]:
    """The operation's commit in the app's repository; ``stack`` names what it is built on.

    Reading it ends when the task is stopped. Raises SourceError, or DetectError if app.json cannot be read.
    """
    number = task.operation.number
    with GitSource(repository(task.app), task.operation.commit) as code:
        source = WatchedSource(code, task.cancellation.check)
        on = stack(task.app, source)
        task.console.step(f'Building {task.app} on {on} (build {number}; it goes on if you disconnect)')
        point('build.started')
        yield source
