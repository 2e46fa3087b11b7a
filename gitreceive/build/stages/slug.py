"""Cuts the app's slug out of its image; no chunk of it is stored before it has passed the secret scan."""

from pathlib import Path

from gitreceive.build.appfiles.appjson import unpublished
from gitreceive.build.built import Built
from gitreceive.build.ports import ReleaseBook, SlugCutter, SlugStore
from gitreceive.build.report import report_slug
from gitreceive.model.slug import LayeredSlug, SlugOrder
from gitreceive.model.task import Task
from gitreceive.points import point


def cut_slug(
    task: Task, built: Built, folder: Path, *, cutter: SlugCutter, slugs: SlugStore, releases: ReleaseBook
) -> LayeredSlug:
    """The slug, all of whose chunks are stored then. What has grown against the live release is reported.

    Raises SlugError, SecretError, StorageError, EngineGone, BuildTimeout or BuildCancelled.
    """
    order = SlugOrder(
        app=task.app,
        image=built.image,
        mtime=built.committed,
        folder=folder,
        secrets=unpublished(built.planned.app_json, built.planned.config),
    )
    slug = cutter.cut(order, task.cancellation)
    point('slug.cut')
    report_slug(slug, task.console)
    slugs.report_growth(slug, releases.live(task.app), task.console)
    return slug
