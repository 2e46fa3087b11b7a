"""Builds images through the engine's HTTP API, and removes them."""

import hashlib
import re
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import requests
from docker import APIClient
from docker.errors import APIError, ImageNotFound

from gitreceive.adapters.buildkit.context import context
from gitreceive.adapters.buildkit.frames import Decoder
from gitreceive.adapters.buildkit.progress import LayerLost, Progress
from gitreceive.adapters.buildkit.request import BuildRequest, parameters
from gitreceive.adapters.buildkit.turns import Turns
from gitreceive.adapters.buildkit.versions import read_image
from gitreceive.adapters.docker.engine import Engine
from gitreceive.build.ports import BuildJob
from gitreceive.model.app import AppName
from gitreceive.model.dockerfile import names_frontend
from gitreceive.model.errors import BuildError, BuildTimeout, EngineGone, RecipeError
from gitreceive.model.plan import PackageSet, Recipe
from gitreceive.model.progress import Cancellation, Console
from gitreceive.model.slug import Image
from gitreceive.model.stackimages import making

BUILD_LABEL = 'gitreceive.build'
HOME_LABEL = 'gitreceive.home'
APP_LABEL = 'gitreceive.app'


def no_packages(wanted: PackageSet, console: Console) -> None:
    """Where there is nothing that fetches Debian packages."""
    raise BuildError(f'{", ".join(wanted.packages)}: no Debian packages can be fetched here')


TURN_SECONDS = 30.0
"""So long the removal of images waits for a moment in which nothing is built; a build that suffers is made again."""


class DockerImageBuilder:
    """Satisfies the ``ImageBuilder`` port. ``home`` names this receiver among those that share the engine.

    ``identity`` gives a word that nobody else knows and that stays the same: the caches of builds are found by it. With
    a ``secret`` the names of its images cannot be guessed: it is for builders of people who do not trust each other.
    ``packages`` makes the image of the Debian packages that a recipe wants.
    """

    def __init__(
        self,
        engine: Engine,
        home: str,
        identity: Callable[[], str],
        secret: str = '',
        packages: Callable[[PackageSet, Console], None] = no_packages,
    ) -> None:
        self._engine = engine
        self._home = home
        self._identity = identity
        self._place = ''
        self._secret = secret
        self._packages = packages
        self._turns = Turns()

    def build(self, job: BuildJob, console: Console, cancellation: Cancellation) -> Image:
        """See the port. The steps' output goes to ``console`` as it comes."""
        refuse_other_frontends(job.recipe.dockerfile)
        self._refuse_missing(job.recipe)
        if job.recipe.packages:
            self._packages(job.recipe.packages, console)
        with self._turns.building():
            try:
                return self._built(job, console, cancellation)
            except LayerLost:
                console.step('The engine has lost a layer that this build began from: building again')
                return self._built(job, console, cancellation)

    def _refuse_missing(self, recipe: Recipe) -> None:
        """The engine would look for what it lacks wherever a name points to."""
        with self._engine.connect() as client:
            for name in recipe.bases:
                with self._engine.errors(f'looked for {name}'):
                    found = _config(client, name)
                if found is None or BUILD_LABEL in (found.get('Labels') or {}):
                    raise BuildError(_without(name, recipe))

    def _built(self, job: BuildJob, console: Console, cancellation: Cancellation) -> Image:
        labels = self._labels(job)
        build = f'gitreceive-{uuid.uuid4().hex}'
        namespace = cache_namespace(self._identity(), job.app)
        query = parameters(build, self._tag(job), labels, namespace, job.nocache)
        request = BuildRequest(self._engine, query)
        progress = Progress(console)
        with _told(cancellation, progress), cancellation.call_on_stop(request.abort):
            cancellation.check()
            decoder = Decoder()
            with closing(context(job, cancellation.check)) as body, closing(request.lines(body)) as lines:
                for line in lines:
                    for event in decoder.events(line):
                        progress.take(event)
            progress.finish()
            failure = progress.failure()
            if failure:
                raise failure
            if not progress.image:
                raise EngineGone('its answer ended without a result')
            return self._finished(progress.image, job, cancellation)

    def remove(self, image: Image) -> None:
        """Removes the image and its tag; silent if it is gone. Raises BuildError while a container runs from it."""
        with self._engine.connect() as client, self._engine.errors('removed an image'):
            _remove(client, image.id)

    def digest(self, name: str) -> str:
        """See the port."""
        with self._engine.connect() as client, self._engine.errors('looked for a base image'):
            found = client.images(name)
        return str(found[0]['Id']) if found else ''

    def place(self) -> Path | None:
        """See the port. An engine behind a local socket may still be in a container or a virtual machine."""
        if not self._place and self._engine.url.startswith('unix:'):
            with self._engine.connect() as client, self._engine.errors('said where it keeps images'):
                self._place = str(client.info()['DockerRootDir'])
        found = Path(self._place)
        return found if self._place and found.is_dir() else None

    def images(self) -> Mapping[int, AppName]:
        """See the port."""
        with self._engine.connect() as client, self._engine.errors('listed the images of builds'):
            found = client.images(filters=self._mine)
        labels = [each.get('Labels') or {} for each in found]
        return {number: AppName(each.get(APP_LABEL, '')) for each in labels if (number := _number(each)) >= 0}

    def remove_images(self, numbers: frozenset[int]) -> int:
        """See the port."""
        return self._remove_images(lambda number: number in numbers)

    def remove_containers(self, before: int, active: frozenset[int]) -> int:
        """See the port. Only those that were never started: running ones are releases."""
        return self._remove_containers(lambda number: number < before and number not in active)

    def sweep(self, live: frozenset[int]) -> int:
        """Removes containers and images labelled with builds that are not in ``live``; returns how many.

        Of containers, those that were never started: running ones are releases.
        """
        containers = self._remove_containers(lambda number: number not in live)
        return containers + self._remove_images(lambda number: number not in live)

    def remove_replaced(self, app: AppName) -> int:
        """Removes the app's images whose name newer ones have taken, unless they run; returns how many."""
        labels = [f'{HOME_LABEL}={self._home}', f'{APP_LABEL}={app}']
        with self._engine.connect() as client, self._engine.errors('removed images that were replaced'):
            found = client.images(filters={'label': labels, 'dangling': True})
            return sum(_remove(client, image['Id'], in_use_is_fine=True, force=False) for image in found)

    def _finished(self, image: str, job: BuildJob, cancellation: Cancellation) -> Image:
        try:
            cancellation.check()
            found = read_image(self._engine, image, self._labels(job))
            return replace(found, name=self._tag(job), code_steps=job.recipe.code_steps)
        except BaseException:
            self.remove(Image(id=image))
            raise

    def _remove_images(self, unneeded: Callable[[int], bool]) -> int:
        with self._engine.connect() as client, self._engine.errors('removed images of builds'):
            found = client.images(filters=self._mine)
            gone = [each['Id'] for each in found if unneeded(_number(each.get('Labels')))]
            until = time.monotonic() + TURN_SECONDS
            return sum(self._remove_in_turn(client, image, until) for image in gone)

    def _remove_in_turn(self, client: APIClient, image: str, until: float) -> bool:
        with self._turns.removing(until):
            return _remove(client, image, in_use_is_fine=True)

    def _remove_containers(self, unneeded: Callable[[int], bool]) -> int:
        with self._engine.connect() as client, self._engine.errors('looked for containers of builds'):
            found = client.containers(all=True, filters={**self._mine, 'status': 'created'})
            gone = [each['Id'] for each in found if unneeded(_number(each.get('Labels')))]
            for container in gone:
                self._engine.remove_container(client, container)
            return len(gone)

    @property
    def _mine(self) -> dict[str, Any]:
        return {'label': [f'{HOME_LABEL}={self._home}', BUILD_LABEL]}

    def _labels(self, job: BuildJob) -> Mapping[str, str]:
        return {BUILD_LABEL: str(job.number), HOME_LABEL: self._home, APP_LABEL: job.app}

    def _tag(self, job: BuildJob) -> str:
        """A name of the image: one without could be taken away by anybody's ``docker image prune``.

        Two receivers may share an engine, so the receiver is part of it; its secret keeps the Dockerfiles of other
        apps from building on it.
        """
        receiver = hashlib.sha256(f'{self._home}{self._secret}'.encode()).hexdigest()[:32]
        return f'gitreceive-app/{job.app}:{job.number}-{receiver}'


def cache_namespace(identity: str, app: AppName) -> str:
    """Where the app's cache mounts are. Pure.

    It cannot be guessed, so that no Dockerfile of another app, and no other receiver of the engine, can name it.
    """
    return hashlib.sha256(f'{identity}/{app}'.encode()).hexdigest()[:40]


def _without(name: str, recipe: Recipe) -> str:
    if recipe.code:
        return (
            f'this platform is built on {name}, which the receiver does not have: '
            f'its sysadmin makes it with "{making(name)}"'
        )
    return (
        f'the Dockerfile builds on {name}, and this receiver has no such image: '
        'use the stack (FROM heroku/cedar:14), or ask the sysadmin to load the image into the engine'
    )


def _config(client: APIClient, image: str) -> Mapping[str, Any] | None:
    """An image's configuration, or None if there is no such image."""
    try:
        return client.inspect_image(image)['Config']  # type: ignore[no-untyped-call, no-any-return]
    except ImageNotFound:
        return None


@contextmanager
def _told(cancellation: Cancellation, progress: Progress) -> Iterator[None]:
    """Gives the errors of a build their step: which one ran when the time was up or the engine went away."""
    try:
        yield
    except BuildError as error:
        step = progress.step
        progress.finish()
        stopped = _stop_reason(cancellation)
        if isinstance(stopped, BuildTimeout) and step:
            raise BuildTimeout(f'{stopped} in "{step}"', step=step, tail=progress.tail) from error
        if stopped:
            raise stopped from error
        if isinstance(error, EngineGone) and step:
            raise EngineGone(
                f'the Docker engine went away during "{step}"', step=step, tail=progress.tail
            ) from error
        raise


def _stop_reason(cancellation: Cancellation) -> BuildError | None:
    try:
        cancellation.check()
    except BuildError as error:
        return error
    return None


def refuse_other_frontends(dockerfile: str) -> None:
    """Raises RecipeError for a ``# syntax=`` line, or JSON in its place: it names an image that would run with the engine's own rights."""
    if names_frontend(dockerfile):
        raise RecipeError('the Dockerfile has a "syntax" directive, which would run another image: remove it')


def _number(labels: object) -> int:
    """The number of the build; -1 for what has none."""
    number = labels.get(BUILD_LABEL, '') if isinstance(labels, dict) else ''
    return int(number) if re.fullmatch('[0-9]{1,18}', number) else -1


def _remove(client: APIClient, image: str, in_use_is_fine: bool = False, force: bool = True) -> bool:
    try:
        client.remove_image(image, force=force)
    except ImageNotFound:
        return False
    except APIError as error:
        if in_use_is_fine and error.status_code == requests.codes.conflict:
            return False
        raise
    return True
