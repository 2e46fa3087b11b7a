"""What is live, released again with the config vars that are set now."""

from gitreceive.build.again import RollOut, create_again
from gitreceive.build.ports import BuiltApps, ReleaseBook, SlugStore
from gitreceive.model.errors import ReleaseError
from gitreceive.model.operation import Configure
from gitreceive.model.release import Release
from gitreceive.model.task import Task
from gitreceive.points import point


def configure(
    task: Task, *, slugs: SlugStore, releases: ReleaseBook, apps: BuiltApps, roll_out: RollOut
) -> Release:
    """Releases the live slug again. Raises ReleaseError if nothing is live, or what ``roll_out`` raises.

    The config vars stay as they were set, whatever happens: the next release has them.
    """
    app, request = task.app, task.operation.request
    assert isinstance(request, Configure)
    live = releases.live(app)
    if live is None:
        raise ReleaseError(f'{app} has no release yet; the first one has the config vars that are set now')
    task.console.step(f'{request.changed} on {app}; restarting')
    point('build.started')
    with slugs.keeping(app, task.cancellation):
        created = create_again(task, live, apps.config(app), request.changed, releases)
        return roll_out(task, created)
