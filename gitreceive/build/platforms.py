"""What apps can be built as here: the buildpacks and the stack that the settings name. Needs no engine."""

from dataclasses import replace

from gitreceive.build.buildpack import load_buildpacks
from gitreceive.build.planning import Planner
from gitreceive.config.settings import Settings
from gitreceive.stack import load_stack


def open_planner(settings: Settings) -> Planner:
    """What plans are made with. Raises SettingsError for a buildpack that is none, or a stack that there is not."""
    buildpacks = load_buildpacks(settings.builds.buildpacks, settings.builds.buildpack_hosts)
    stack = replace(
        load_stack(settings.apps.stack),
        python_mirror=settings.builds.python_mirror,
        gradle_distribution=settings.builds.gradle_distribution,
    )
    return Planner(
        buildpacks=buildpacks,
        stack=stack,
        submodule_hosts=settings.builds.submodule_hosts,
    )
