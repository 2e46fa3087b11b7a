"""A release of a slug that there is already: under a new number, with other config vars or in another app."""

import time
from collections.abc import Callable, Mapping
from dataclasses import replace

from gitreceive.build.ports import ReleaseBook
from gitreceive.model.release import Release, ReleaseState
from gitreceive.model.task import Task
from gitreceive.points import point

RollOut = Callable[[Task, Release], Release]
"""Makes a created release the live one."""


def create_again(
    task: Task, older: Release, config: Mapping[str, str], description: str, releases: ReleaseBook
) -> Release:
    """The release, which is not live yet. Raises ReleaseError if the operation is no longer running, StateError."""
    again = replace(
        older,
        app=task.app,
        version=0,
        operation=task.operation.number,
        created=time.time(),
        actor=task.operation.actor,
        state=ReleaseState.CREATED,
        description=description,
    )
    created = releases.create(task.operation, again, config)
    point('release.created')
    return created
