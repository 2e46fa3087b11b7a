"""From a source to a recipe, without an engine: what a build would do, and how it is told."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from gitreceive.build.appfiles.appjson import read_app_json, to_be_set
from gitreceive.build.appfiles.classic import Asked
from gitreceive.build.buildpack import FOLDER, LoadedBuildpack
from gitreceive.build.dockerfiles.steps import code_steps
from gitreceive.build.ports import Source
from gitreceive.build.sources.ignore import parse_dockerignore, parse_slugignore
from gitreceive.build.sources.lfs import lfs_note
from gitreceive.build.sources.shown import ShownSource, without_ignored
from gitreceive.build.stages.detect import choose_plan
from gitreceive.build.stages.dockerfile import render_dockerfile, with_assets
from gitreceive.build.submodules import read_submodules, with_submodules
from gitreceive.model.plan import ContextFile, Plan, Recipe, Stack
from gitreceive.model.progress import Console
from gitreceive.model.text import megabytes

SLUGIGNORE = '.slugignore'


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """What a build is made of. ``source`` is the code as the build gets it: without what is ignored.

    ``buildpacks`` are those that take part, the main one first.
    """

    plan: Plan
    recipe: Recipe
    source: Source
    buildpacks: tuple[LoadedBuildpack, ...]

    def explain(self, step: str, lines: Sequence[str]) -> str | None:
        """The cause of a failed step and its remedy, by the buildpack whose script it was; None if nothing is known."""
        script = FOLDER + step.partition(' ')[0]
        owners = [one for one in self.buildpacks if script in {file.name for file in one.files}]
        return next(iter(owners or self.buildpacks)).explain(step, lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class Planner:
    """What plans are made with: the same for every app of a receiver. Submodules are fetched from ``submodule_hosts``."""

    buildpacks: Sequence[LoadedBuildpack]
    stack: Stack
    submodule_hosts: Sequence[str] = ()

    def plan(self, source: Source, env: Mapping[str, str], asked: Asked | None = None) -> Planned:
        """Finds out what the app is and writes its Dockerfile. ``env`` are its config vars.

        ``asked`` is what somebody asks for, whatever the app itself does.

        Raises SourceError, DetectError or RecipeError, with the remedy.
        """
        shown = without_ignored(source, SLUGIGNORE, parse_slugignore)
        plan = choose_plan(shown, self.buildpacks, self.stack, env, asked)
        plan = replace(plan, notes=(*plan.notes, *_also(shown, env)))
        taking_part = [self._buildpack(part) for part in (plan, plan.assets) if part]
        recipe = render_dockerfile(plan, taking_part[0], self.stack)
        if plan.assets:
            recipe = with_assets(recipe, plan, taking_part, self.stack)
        recipe = with_submodules(recipe, read_submodules(source, self.submodule_hosts), self.stack)
        if any(part.values.get('needs_source_version') for part in (plan, plan.assets) if part):
            version = ContextFile(name='meta/SOURCE_VERSION', content=source.commit.encode())
            recipe = replace(recipe, files=(*recipe.files, version))
        code = shown if recipe.code else _for_own_dockerfile(shown)
        if not recipe.code:
            recipe = replace(recipe, code_steps=code_steps(recipe.dockerfile, code))
        return Planned(plan=plan, recipe=recipe, source=code, buildpacks=tuple(taking_part))

    def _buildpack(self, plan: Plan) -> LoadedBuildpack:
        return next(found for found in self.buildpacks if found.name == plan.buildpack)


def _also(source: Source, env: Mapping[str, str]) -> Iterator[str]:
    """What else is to be told of an app, whatever its platform."""
    wanted = read_app_json(source)
    yield from wanted.notes
    yield from to_be_set(wanted, env)
    if source.exists('heroku.yml'):
        yield 'heroku.yml is not read: a Dockerfile at the root is built, and processes are those of the Procfile or of its CMD.'
    if note := lfs_note(source):
        yield note


def _for_own_dockerfile(source: Source) -> Source:
    """What an app's own Dockerfile sees: the engine itself does not look at ``.dockerignore`` in what it is sent.

    The Dockerfile is a file of the recipe then, and not sent twice.
    """
    shown = without_ignored(source, '.dockerignore', parse_dockerignore)
    return ShownSource(shown, lambda path: path == 'Dockerfile')


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
    declared = f'declares types -> {names}' if names else 'names them in the build'
    console.detail(f'{plan.processes_from} {declared}')
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
    recipe = planned.recipe
    sizes = [len(recipe.dockerfile.encode()), *(len(file.content) for file in recipe.files)]
    sizes += [file.size for file in planned.source.files()]
    return len(sizes), sum(sizes)
