"""From a source to a recipe, without an engine: what a build would do, and how it is told."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from gitreceive.buildpack import LoadedBuildpack
from gitreceive.ignore import parse_slugignore
from gitreceive.model import ContextFile, Plan, Recipe, Stack
from gitreceive.ports import Console, Source
from gitreceive.shown import without_ignored
from gitreceive.stages.detect import choose_plan
from gitreceive.stages.dockerfile import render_dockerfile
from gitreceive.text import megabytes

SLUGIGNORE = '.slugignore'


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """What a build is made of. ``source`` is the code as the build gets it: without what is ignored."""

    plan: Plan
    recipe: Recipe
    source: Source
    buildpack: LoadedBuildpack


@dataclass(frozen=True, slots=True, kw_only=True)
class Planner:
    """What plans are made with: the same for every app of a receiver."""

    buildpacks: Sequence[LoadedBuildpack]
    stack: Stack

    def plan(self, source: Source, env: Mapping[str, str]) -> Planned:
        """Finds out what the app is and writes its Dockerfile. ``env`` are its config vars.

        Raises SourceError, DetectError or RecipeError, with the remedy.
        """
        shown = without_ignored(source, SLUGIGNORE, parse_slugignore)
        plan = choose_plan(shown, self.buildpacks, self.stack, env)
        buildpack = next(found for found in self.buildpacks if found.name == plan.buildpack)
        recipe = render_dockerfile(plan, buildpack, self.stack)
        if plan.values.get('needs_source_version'):
            version = ContextFile(name='meta/SOURCE_VERSION', content=source.commit.encode())
            recipe = replace(recipe, files=(*recipe.files, version))
        return Planned(plan=plan, recipe=recipe, source=shown, buildpack=buildpack)


def tell_plan(plan: Plan, console: Console) -> None:
    """What was found, and where each decision came from."""
    console.step(f'{plan.title} app detected ({plan.reason})')
    for choice in plan.choices:
        console.detail(f'Using {choice.tool} {choice.wanted} ({choice.source})')
    for note in plan.notes:
        console.detail(note)


def tell_planned(planned: Planned, console: Console) -> None:
    """The whole plan: what was found, what would run, what the engine would be sent, and the Dockerfile."""
    plan = planned.plan
    tell_plan(plan, console)
    console.step('Process types')
    names = ', '.join(process.name for process in plan.processes)
    console.detail(f'{plan.processes_from} declares types -> {names}')
    for process in plan.processes:
        console.detail(f'{process.name}: {process.command}')
    files, size = context_size(planned)
    console.step(f'Build context: {files:,} files, {megabytes(size)}')
    console.step('Dockerfile')
    for line in planned.recipe.dockerfile.splitlines():
        console.detail(line)


def as_record(planned: Planned) -> dict[str, object]:
    """The plan for machines: values of JSON."""
    plan = planned.plan
    files, size = context_size(planned)
    return {
        'buildpack': plan.buildpack,
        'title': plan.title,
        'reason': plan.reason,
        'commit': planned.source.commit,
        'versions': [
            {'tool': choice.tool, 'wanted': choice.wanted, 'source': choice.source} for choice in plan.choices
        ],
        'process_types': {process.name: process.command for process in plan.processes},
        'processes_from': plan.processes_from,
        'notes': list(plan.notes),
        'context': {'files': files, 'bytes': size},
        'dockerfile': planned.recipe.dockerfile,
    }


def context_size(planned: Planned) -> tuple[int, int]:
    """How many files the engine is sent, and how many bytes they have: the code, and what the steps need."""
    sizes = [len(file.content) for file in planned.recipe.files]
    sizes += [file.size for file in planned.source.files()]
    return len(sizes), sum(sizes)
