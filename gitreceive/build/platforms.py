"""What apps can be built as here: the buildpacks and the stacks that there are. Needs no engine."""

from dataclasses import replace

from gitreceive.build.buildpack import load_buildpacks
from gitreceive.build.planning import Planner
from gitreceive.config.settings import Settings
from gitreceive.model.plan import Stack
from gitreceive.stack import load_stack, stack_names


def open_planner(settings: Settings) -> Planner:
    """What plans are made with. Raises SettingsError for a buildpack that is none, or a stack that there is not."""
    return Planner(
        buildpacks=load_buildpacks(settings.builds.buildpacks, settings.builds.buildpack_hosts),
        stack=_stack(settings.apps.stack, settings),
        others={name: _stack(name, settings) for name in stack_names()},
        submodule_hosts=settings.builds.submodule_hosts,
    )


def _stack(name: str, settings: Settings) -> Stack:
    return replace(
        load_stack(name),
        python_mirror=settings.builds.python_mirror,
        gradle_distribution=settings.builds.gradle_distribution,
    )
