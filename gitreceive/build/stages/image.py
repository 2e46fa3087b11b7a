"""Builds the app's image, if there is room for it."""

from gitreceive.build.appfiles.binrelease import with_release
from gitreceive.build.built import Built
from gitreceive.build.dockerfiles.mark import marked
from gitreceive.build.planning import Planned
from gitreceive.build.ports import BuildJob, ImageBuilder
from gitreceive.build.recipe import run_recipe
from gitreceive.build.report import report_processes
from gitreceive.build.room import Room
from gitreceive.model.task import Task
from gitreceive.points import point


def build_image(task: Task, planned: Planned, *, builder: ImageBuilder, room: Room) -> Built:
    """The image that the recipe makes, and the plan with what only the build could say.

    Raises RoomError before anything is built; BuildError, BuildTimeout, BuildCancelled, EngineGone or SourceError;
    DetectError if nothing says how the app is started. No image is left of a recipe that fails.
    """
    room.check(task.app, planned.source, builder.place())
    point('image.building')
    job = _job(task, planned)
    image = run_recipe(job, builder, task.console, task.cancellation, planned.explain)
    point('image.built')
    plan = with_release(planned.plan, image.release)
    report_processes(plan, image, task.console)
    return Built(app=task.app, planned=planned, plan=plan, image=image)


def _job(task: Task, planned: Planned) -> BuildJob:
    return BuildJob(
        app=task.app,
        number=task.operation.number,
        recipe=marked(planned.recipe),
        source=planned.source,
        env=planned.config,
        nocache='nocache' in task.operation.options,
    )
