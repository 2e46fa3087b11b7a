"""Creates the release."""

import time

from gitreceive.build.built import Built
from gitreceive.build.ports import ReleaseBook
from gitreceive.model.needs import as_record
from gitreceive.model.release import Release
from gitreceive.model.slug import StoredSlug
from gitreceive.model.task import Task
from gitreceive.points import point


def create_release(task: Task, built: Built, stored: StoredSlug, *, releases: ReleaseBook) -> Release:
    """The release, which is not live yet. Raises ReleaseError if the operation is no longer running, StateError."""
    operation, plan = task.operation, built.plan
    release = Release(
        app=operation.app,
        version=0,
        operation=operation.number,
        commit=operation.commit,
        slug=stored,
        processes=plan.processes,
        versions=built.image.versions,
        created=time.time(),
        actor=operation.actor,
        buildpack=plan.buildpack,
        stack=built.planned.stack.name,
        description=f'Deploy {operation.commit[:7]}',
        running=as_record(built.planned.app_json.needs),
    )
    created = releases.create(operation, release, built.planned.config)
    point('release.created')
    return created
