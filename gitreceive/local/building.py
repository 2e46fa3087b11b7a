"""Builds the images of a directory: the one that the receiver would build, and the one that its slug would run in."""

import hashlib
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from gitreceive.build.appfiles.appjson import first_config, read_app_json
from gitreceive.build.appfiles.binrelease import with_release
from gitreceive.build.built import Built as Built
from gitreceive.build.dockerfiles.mark import marked
from gitreceive.build.generate import generate_config
from gitreceive.build.planning import Planner
from gitreceive.build.ports import BuildJob, ImageBuilder, Source
from gitreceive.build.recipe import run_recipe
from gitreceive.build.report import report_plan
from gitreceive.build.sources.shown import ShownSource
from gitreceive.build.sources.workdir import WorkingDirectory
from gitreceive.local.home import LocalHome
from gitreceive.model.app import AppName
from gitreceive.model.errors import BuildError, DetectError, SlugError
from gitreceive.model.plan import Recipe, Stack
from gitreceive.model.progress import Cancellation, Console
from gitreceive.model.slug import NO_APP, Image
from gitreceive.model.text import path_text

ENV_FILE = '.env'
NOT_THERE = '"/app" not found'
"""What an engine says of a COPY from an image that has no ``/app``."""

BUILT, RUNNABLE = 1, 2
"""The numbers of a directory's two images: build image with everything, run image with /app only."""


def directory_source(directory: Path, hidden: Sequence[str] = (ENV_FILE,)) -> Source:
    """The directory's files as a build sees them: without what git ignores, and never with its ``.env``."""
    return ShownSource(WorkingDirectory(directory), lambda path: path in hidden)


def uncommitted(directory: Path) -> str:
    """The commit that the directory differs from; empty if it does not."""
    with WorkingDirectory(directory) as source:
        return source.commit if source.changed(hidden=(ENV_FILE,)) else ''


def app_name(directory: Path) -> AppName:
    """A name for the app in a directory, the same each time and another one for each directory. Pure.

    ``/home/me/My App`` is ``my-app-`` and 8 digits: images and caches carry it.
    """
    words = re.sub('[^a-z0-9]+', '-', directory.name.lower()).strip('-')[:20].strip('-')
    readable = words if words[:1].isalpha() else f'app-{words}'.strip('-')
    return AppName(f'{readable[:20]}-{hashlib.sha256(bytes(directory)).hexdigest()[:8]}')


@contextmanager
def app_lock(directory: Path, home: LocalHome, cancellation: Cancellation) -> Iterator[None]:
    """While it lasts, no other command builds this directory."""
    with home.locked(f'{app_name(directory)}.lock', cancellation.check):
        yield


def build_directory(
    directory: Path,
    env: Mapping[str, str],
    planner: Planner,
    builder: ImageBuilder,
    console: Console,
    cancellation: Cancellation,
) -> Built:
    """The image that the receiver would build of the directory; ``env`` are its config vars, beside those of app.json.

    Raises the error of the stage that failed.
    """
    app = app_name(directory)
    source = directory_source(directory)
    with _below_the_top(directory):
        added = first_config(replace(read_app_json(source), required=()), env)
        planned = planner.plan(source, {**added, **env})
    console.step(f'Building {path_text(directory.name)} on {planned.stack.name}')
    report_plan(planned.plan, console)
    if added:
        console.detail(f'app.json sets the config vars {", ".join(added)}')
    job = BuildJob(
        app=app, number=BUILT, recipe=marked(planned.recipe), source=planned.source, env=planned.config
    )
    image = run_recipe(job, builder, console, cancellation, planned.explain)
    plan = with_release(planned.plan, image.release)
    return Built(app=app, planned=planned, plan=plan, image=image)


def with_generated(built: Built, console: Console) -> Mapping[str, str]:
    """The config vars of the build with the secrets that the platform needs and nobody has set; they are reported by name."""
    env = built.planned.config
    secret = generate_config(built.plan.generated, env)
    for name in secret:
        console.detail(f'{name} has a random value; write it into {ENV_FILE} to keep one')
    return {**env, **secret}


@contextmanager
def _below_the_top(directory: Path) -> Iterator[None]:
    """Where no app is recognised, people may have called the command in one of its subdirectories."""
    try:
        yield
    except DetectError as error:
        top = next((each for each in (directory, *directory.parents) if (each / '.git').exists()), directory)
        if top == directory:
            raise
        raise DetectError(
            f'{error}\nOnly this directory was looked at; its repository begins at {path_text(str(top))}'
        ) from error


def runnable_image(
    built: Built, stack: Stack, builder: ImageBuilder, console: Console, cancellation: Cancellation
) -> Image:
    """The clean run image with ``/app`` of the built one: what its slug would be on any host.

    Raises SlugError if there is no ``/app``, and what the stage of the build does.
    """
    recipe = Recipe(dockerfile=run_dockerfile(stack, built.image.name))
    with tempfile.TemporaryDirectory(prefix='gitreceive-') as empty:
        job = BuildJob(app=built.app, number=RUNNABLE, recipe=recipe, source=WorkingDirectory(Path(empty)))
        try:
            return run_recipe(job, builder, console, cancellation)
        except BuildError as error:
            if NOT_THERE in str(error):
                raise SlugError(NO_APP) from error
            raise


def run_dockerfile(stack: Stack, built: str) -> str:
    """The recipe that puts ``/app`` of the image ``built`` on the run image, all of it the app's user's. Pure."""
    owner = f'{stack.uid}:{stack.uid}'
    return f'FROM {stack.run_image}\nCOPY --from={built} --chown={owner} ["/app", "/app"]\n'
