"""Ends all that runs of an app."""

from collections.abc import Iterator
from contextlib import contextmanager

from gitreceive.model.task import Task
from gitreceive.run.parts import Running

DRAIN_AND_STOP = 2


@contextmanager
def cleared(task: Task, running: Running) -> Iterator[None]:
    """Leads no requests to the app and ends its instances and commands; as long as it lasts, nothing starts them again.

    Raises RouterError or EngineGone.
    """
    app = task.app
    with running.changeover.locks.held(app):
        running.traffic.forget(app)
        running.oneoffs.end(app, running.grace)
        found = running.ports.instances.find(app)
        running.retiring.retire(found)
        running.retiring.wait(DRAIN_AND_STOP * running.grace + 1)
        if found:
            task.console.detail(f'Ended {", ".join(str(one.name) for one in found)}')
        yield
