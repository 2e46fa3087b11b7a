"""Prepares the config vars of an app: those that it has, and what its app.json wants set."""

from collections.abc import Mapping

from gitreceive.build.appfiles.appjson import first_config, read_app_json
from gitreceive.build.ports import BuiltApps, Source
from gitreceive.model.task import Task


def prepare_config(task: Task, source: Source, *, apps: BuiltApps) -> Mapping[str, str]:
    """The config vars of the build. What app.json sets or generates is the app's own from now on.

    Raises DetectError that names those which only a person can set.
    """
    config = apps.config(task.app)
    added = first_config(read_app_json(source), config)
    if added:
        apps.change_config(task.app, added, ())
        task.console.detail(f'app.json sets the config vars {", ".join(added)}')
    return {**config, **added}
