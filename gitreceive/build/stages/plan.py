"""Plans the build: what the app is, what is done with it, and the secrets that its platform needs."""

from collections.abc import Mapping
from dataclasses import replace

from gitreceive.build.appfiles.appjson import read_app_json
from gitreceive.build.generate import generate_config
from gitreceive.build.planning import Planned, Planner
from gitreceive.build.ports import BuiltApps, Source
from gitreceive.build.report import report_plan
from gitreceive.model.app import AppName
from gitreceive.model.task import Task
from gitreceive.points import point


def plan_build(
    task: Task, source: Source, config: Mapping[str, str], *, planner: Planner, apps: BuiltApps
) -> Planned:
    """The plan that the ``plan`` verb shows. A secret that the platform needs is generated once, and the app's own then.

    Raises SourceError, DetectError or RecipeError, with the remedy.
    """
    planned = planner.plan(source, config, kept=apps.kept_stack(task.app))
    report_plan(planned.plan, task.console)
    added = generate_config(planned.plan.generated, config)
    if added:
        apps.change_config(task.app, added, ())
        task.console.detail(f'{", ".join(added)} is set to a random value, once')
    point('plan.chosen')
    return replace(planned, config={**config, **added})


def stack_name(app: AppName, source: Source, *, planner: Planner, apps: BuiltApps) -> str:
    """The name of the stack that the app will be planned on. Raises SourceError or DetectError."""
    return planner.stack_for(read_app_json(source), apps.kept_stack(app)).name
