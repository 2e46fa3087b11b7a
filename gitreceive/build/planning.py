"""From a source to a recipe, without an engine: what a build would do, and how it is told."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from gitreceive.build.appfiles.appjson import NO_APP_JSON, AppJson, read_app_json, to_be_set, with_defaults
from gitreceive.build.appfiles.aptfile import FILE as APTFILE
from gitreceive.build.appfiles.aptfile import read_aptfile
from gitreceive.build.appfiles.classic import Asked
from gitreceive.build.buildpack import FOLDER, LoadedBuildpack
from gitreceive.build.detect import choose_plan
from gitreceive.build.dockerfiles.render import render_dockerfile, with_assets
from gitreceive.build.dockerfiles.steps import code_steps
from gitreceive.build.installing import install_names
from gitreceive.build.packages import with_packages
from gitreceive.build.ports import Source
from gitreceive.build.sources.ignore import parse_dockerignore, parse_slugignore
from gitreceive.build.sources.lfs import lfs_note
from gitreceive.build.sources.shown import ShownSource, without_ignored
from gitreceive.build.stacks import CONTAINER, NONE, Stacks
from gitreceive.build.submodules import read_submodules, with_submodules
from gitreceive.model.plan import ContextFile, Plan, Recipe, Stack

SLUGIGNORE = '.slugignore'


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """What a build is made of. ``source`` is the code as the build gets it: without what is ignored.

    ``buildpacks`` are those that take part, the main one first; ``config`` are the config vars that it was planned with.
    """

    plan: Plan
    recipe: Recipe
    source: Source
    stack: Stack
    buildpacks: tuple[LoadedBuildpack, ...]
    config: Mapping[str, str] = field(default_factory=dict)
    app_json: AppJson = NO_APP_JSON

    def explain(self, step: str, lines: Sequence[str]) -> str | None:
        """The cause of a failed step and its remedy, by the buildpack whose script it was; None if nothing is known."""
        script = FOLDER + step.partition(' ')[0]
        owners = [one for one in self.buildpacks if script in {file.name for file in one.files}]
        return next(iter(owners or self.buildpacks)).explain(step, lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class Planner:
    """What plans are made with: the same for every app of a receiver. Submodules are fetched from ``submodule_hosts``.

    ``stack`` is that of new apps, ``others`` are by their names.
    """

    buildpacks: Sequence[LoadedBuildpack]
    stack: Stack
    others: Mapping[str, Stack] = field(default_factory=lambda: NONE)
    submodule_hosts: Sequence[str] = ()

    def stack_for(self, wanted: AppJson, kept: str = '') -> Stack:
        """What an app is built on that asks for it in ``wanted``, and is on ``kept`` now. Raises DetectError."""
        return Stacks(default=self.stack, others=self.others).choose(wanted.stack, kept)

    def plan(
        self, source: Source, env: Mapping[str, str], asked: Asked | None = None, kept: str = ''
    ) -> Planned:
        """Finds out what the app is and writes its Dockerfile. ``env`` are its config vars.

        What app.json would set counts as if it were set: a plan is that of the next push. ``asked`` is what somebody
        asks for, whatever the app itself does. ``kept`` is the name of the stack that the app is on.

        Raises SourceError, DetectError or RecipeError, with the remedy.
        """
        shown = without_ignored(source, SLUGIGNORE, parse_slugignore)
        wanted = read_app_json(source)
        stack = self.stack_for(wanted, kept)
        asked, packages = asked or _container(wanted), read_aptfile(source)
        full = with_defaults(wanted, env)
        plan = choose_plan(shown, self.buildpacks, stack, full, asked)
        also = (*to_be_set(wanted, env), *_also(shown, plan, packages))
        plan = replace(plan, notes=(*plan.notes, *wanted.notes, *also))
        taking_part = [self._buildpack(part) for part in (plan, plan.assets) if part]
        recipe = render_dockerfile(plan, taking_part[0], stack)
        if plan.assets:
            recipe = with_assets(recipe, plan, taking_part, stack)
        recipe = with_submodules(recipe, read_submodules(source, self.submodule_hosts), stack)
        names = install_names(shown, full, _install_env(taking_part), _manifests(plan))
        recipe = replace(recipe, install_env=names)
        recipe = with_packages(recipe, stack, packages)
        if any(part.values.get('needs_source_version') for part in (plan, plan.assets) if part):
            version = ContextFile(name='meta/SOURCE_VERSION', content=source.commit.encode())
            recipe = replace(recipe, files=(*recipe.files, version))
        code = shown if recipe.code else _for_own_dockerfile(shown)
        if not recipe.code:
            recipe = replace(recipe, code_steps=code_steps(recipe.dockerfile, code))
        return Planned(
            plan=plan,
            recipe=recipe,
            source=code,
            stack=stack,
            buildpacks=tuple(taking_part),
            config=env,
            app_json=wanted,
        )

    def _buildpack(self, plan: Plan) -> LoadedBuildpack:
        return next(found for found in self.buildpacks if found.name == plan.buildpack)


def _install_env(buildpacks: Sequence[LoadedBuildpack]) -> Iterator[str]:
    return (pattern for buildpack in buildpacks for pattern in buildpack.traits.install_env)


def _manifests(plan: Plan) -> Sequence[str]:
    found = plan.values.get('manifests', ())
    return found if isinstance(found, tuple) else ()


def _container(wanted: AppJson) -> Asked | None:
    return Asked(names=('dockerfile',), where='app.json') if wanted.stack == CONTAINER else None


def _also(source: Source, plan: Plan, packages: Sequence[str]) -> Iterator[str]:
    """What else is to be reported of an app, whatever its platform."""
    if source.exists('heroku.yml'):
        yield 'heroku.yml is not read: a Dockerfile at the root is built, and processes are those of the Procfile or of its CMD.'
    if packages:
        own = 'own_dockerfile' in plan.values
        instead = 'is not read where there is a Dockerfile: install packages there'
        yield f'{APTFILE} {instead}.' if own else f'{APTFILE} asks for {", ".join(packages)}.'
    if note := lfs_note(source):
        yield note


def _for_own_dockerfile(source: Source) -> Source:
    """What an app's own Dockerfile sees: the engine itself does not look at ``.dockerignore`` in what it is sent.

    The Dockerfile is a file of the recipe then, and not sent twice.
    """
    shown = without_ignored(source, '.dockerignore', parse_dockerignore)
    return ShownSource(shown, lambda path: path == 'Dockerfile')
