"""From an accepted push to a release: the story, a stage a line."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from gitreceive.build.again import RollOut
from gitreceive.build.built import Built
from gitreceive.build.planning import Planned
from gitreceive.build.ports import Source
from gitreceive.model.release import Release
from gitreceive.model.slug import LayeredSlug, StoredSlug
from gitreceive.model.task import Task


@dataclass(frozen=True, slots=True, kw_only=True)
class Stages:
    """The functions of ``gitreceive.build.stages``, each with its ports bound to it."""

    open_source: Callable[[Task], AbstractContextManager[Source]]
    prepare_config: Callable[[Task, Source], Mapping[str, str]]
    plan_build: Callable[[Task, Source, Mapping[str, str]], Planned]
    build_image: Callable[[Task, Planned], Built]
    keep_slugs: Callable[[Task], AbstractContextManager[Path]]
    cut_slug: Callable[[Task, Built, Path], LayeredSlug]
    store_slug: Callable[[Task, Built, LayeredSlug, Path], AbstractContextManager[StoredSlug]]
    create_release: Callable[[Task, Built, StoredSlug], Release]


def deploy(task: Task, *, stages: Stages, roll_out: RollOut) -> Release:
    """Turns a running operation into a live release.

    Raises a GitReceiveError of the stage that failed; then what was live is live and no temporary file is left.
    """
    with stages.open_source(task) as source:
        config = stages.prepare_config(task, source)
        planned = stages.plan_build(task, source, config)
        built = stages.build_image(task, planned)
    with stages.keep_slugs(task) as folder:
        slug = stages.cut_slug(task, built, folder)
        with stages.store_slug(task, built, slug, folder) as stored:
            release = stages.create_release(task, built, stored)
            return roll_out(task, release)
