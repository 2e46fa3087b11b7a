"""Plans as a push would, and changes nothing: with the config vars that app.json would set."""

from collections.abc import Mapping
from dataclasses import replace

from gitreceive.build.appfiles.appjson import first_config, read_app_json, to_be_set
from gitreceive.build.planning import Planned, Planner
from gitreceive.build.ports import Source


def preview_plan(planner: Planner, source: Source, config: Mapping[str, str], kept: str = '') -> Planned:
    """The plan of a push with these config vars, of an app that is on the stack ``kept``. What is missing is a note of it.

    Raises SourceError, DetectError or RecipeError.
    """
    wanted = read_app_json(source)
    added = first_config(replace(wanted, required=()), config)
    planned = planner.plan(source, {**added, **config}, kept=kept)
    notes = planned.plan.notes
    more = (note for note in to_be_set(wanted, config) if note not in notes)
    return replace(planned, plan=replace(planned.plan, notes=(*notes, *more)))
