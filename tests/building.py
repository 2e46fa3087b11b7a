"""What tests of builds and slugs have in common: a workshop at an engine, a console that remembers."""

import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from gitreceive.adapters.buildkit.builder import DockerImageBuilder
from gitreceive.adapters.docker.engine import Engine
from gitreceive.build.buildpack import load_buildpacks
from gitreceive.build.planning import Planner
from gitreceive.build.ports import BuildJob
from gitreceive.model.app import AppName
from gitreceive.model.cancellation import BuildClock
from gitreceive.model.errors import BuildError
from gitreceive.model.plan import ContextFile, Recipe, Stack
from gitreceive.model.slug import Image
from tests.fakes import FakeSource

BUILD_IMAGE = 'gitreceive/cedar:12-build'
APP_SECONDS = 300
FROM = f'FROM {BUILD_IMAGE}\n'


@dataclass
class Lines:
    """A console that remembers."""

    steps: list[str] = field(default_factory=list)
    details: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def step(self, text: str) -> None:
        self.steps.append(text)

    def detail(self, text: str) -> None:
        self.details.append(text)

    def warn(self, text: str) -> None:
        self.warnings.append(text)


class Workshop:
    """Builds images for one test, under a receiver's name of its own, and removes them at the end."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.home = f'/test/{uuid.uuid4().hex}'
        self.builder = DockerImageBuilder(engine, self.home, lambda: self.home)
        self.console = Lines()
        self._number = 0

    def job(self, dockerfile: str, files: Mapping[str, bytes] | None = None, **words: object) -> BuildJob:
        """A job with the next number; ``words`` go into it. ``recipe_files`` are (name, content) pairs."""
        self._number += 1
        pairs = words.pop('recipe_files', ())
        assert isinstance(pairs, Sequence)
        recipe_files = tuple(
            ContextFile(name=name, content=content, executable=True) for name, content in pairs
        )
        wanted = {
            'app': AppName('hello'),
            'number': self._number,
            'recipe': Recipe(dockerfile=dockerfile, files=recipe_files),
            'source': FakeSource(files or {'file': b'content'}),
        } | words
        return BuildJob(**wanted)  # type: ignore[arg-type]

    def images(self) -> list[str]:
        """The ids of the images that it has built and that are still there."""
        with self.engine.connect() as client:
            found = client.images(filters={'label': f'gitreceive.home={self.home}'})
        return [str(image['Id']) for image in found]

    def build_app(self, files: Mapping[str, bytes], stack: Stack, app: str = 'hello') -> Image:
        """Plans and builds an app, with minutes of time. A failure is told as pushers are, and the step's last lines."""
        self.console = Lines()
        planned = Planner(buildpacks=load_buildpacks(), stack=stack).plan(FakeSource(files), {})
        clock = BuildClock(APP_SECONDS)
        try:
            job = self.job('', files, recipe=planned.recipe, app=AppName(app))
            return self.builder.build(job, self.console, clock)
        except BuildError as error:
            told = planned.explain(error.step, error.tail) or ''
            raise BuildError('\n'.join([told, *error.tail])) from error
        finally:
            clock.close()

    def build(
        self, dockerfile: str, files: Mapping[str, bytes] | None = None, seconds: int = 60, **words: object
    ) -> Image:
        """Builds, with a minute of time."""
        self.console = Lines()
        clock = BuildClock(seconds)
        try:
            return self.builder.build(self.job(dockerfile, files, **words), self.console, clock)
        finally:
            clock.close()


@contextmanager
def workshop(docker_host: str) -> Iterator[Workshop]:
    """A workshop at the engine, cleaned up."""
    made = Workshop(Engine(docker_host))
    try:
        yield made
    finally:
        made.builder.sweep(frozenset())
