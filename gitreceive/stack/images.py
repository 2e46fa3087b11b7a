"""The engine's side of a stack: imports a root as an image, and makes the second image in a container of the first."""

import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import docker
import requests
from docker.errors import DockerException, ImageNotFound, NotFound
from docker.models.containers import Container

from gitreceive.errors import StackError
from gitreceive.stack.recipe import StackRecipe

STACK, VERSION, DIGEST = 'gitreceive.stack', 'gitreceive.stack.version', 'gitreceive.stack.digest'
BASE = 'gitreceive.stack.base'
WORK = '/gitreceive-stack'
PATIENCE = 1800
"""Seconds that the engine may take for one answer: an import is answered when it is done."""


@contextmanager
def engine_errors() -> Iterator[None]:
    """Translates what docker-py and requests raise into StackError."""
    try:
        yield
    except (DockerException, requests.RequestException) as error:
        text = str(error)
        if 'no space left' in text.lower():
            raise StackError(
                f'the disk of the Docker engine is full: {text}; free some space and try again'
            ) from error
        if isinstance(error, requests.ConnectionError) or 'Error while fetching server API version' in text:
            raise StackError(
                f'no Docker engine answers: {text}; start one, or set DOCKER_HOST ("make engine" starts one of its own)'
            ) from error
        raise StackError(f'the Docker engine refused: {text}') from error


@contextmanager
def connected(environ: Mapping[str, str]) -> Iterator[docker.DockerClient]:
    """A client of the engine that ``environ`` (``DOCKER_HOST``, else the default socket) names."""
    with engine_errors():
        client = docker.from_env(version='auto', timeout=PATIENCE, environment=dict(environ))
    try:
        yield client
    finally:
        client.close()


def present(client: docker.DockerClient, recipe: StackRecipe, digest: str) -> bool:
    """Whether the engine has both images, made of what ``digest`` stands for, the one on top of the other."""
    with engine_errors():
        try:
            run = client.images.get(recipe.stack.run_image)
            build = client.images.get(recipe.stack.build_image)
        except ImageNotFound:
            return False
        return {run.labels.get(DIGEST), build.labels.get(DIGEST)} == {digest} and build.labels.get(
            BASE
        ) == run.id


def labels(recipe: StackRecipe, digest: str) -> dict[str, str]:
    """The labels of both images."""
    return {STACK: recipe.stack.name, VERSION: str(recipe.version), DIGEST: digest}


def instructions(env: Mapping[str, str], marks: Mapping[str, str], user: str, home: str) -> list[str]:
    """An image's configuration as Dockerfile lines, for the engine's import and commit."""
    return [
        *(f'ENV {key}="{value}"' for key, value in env.items()),
        *(f'LABEL "{key}"="{value}"' for key, value in marks.items()),
        f'USER {user}',
        f'WORKDIR {home}',
        'ENTRYPOINT []',
        'CMD ["/bin/bash"]',
    ]


def import_run_image(client: docker.DockerClient, recipe: StackRecipe, digest: str, root: IO[bytes]) -> str:
    """Streams a root's tar into the engine; returns the id of the new image, which has no name yet."""
    changes = instructions(recipe.env, labels(recipe, digest), recipe.user, recipe.home)
    with engine_errors():
        answer = client.api.import_image(src=root, changes=changes, stream_src=True)
        last = str(answer).strip().splitlines()[-1]
        if '"sha256:' not in last:
            raise StackError(f'the Docker engine did not import the root: {last}')
        return 'sha256:' + last.partition('"sha256:')[2].partition('"')[0]


def commit_build_image(
    client: docker.DockerClient, recipe: StackRecipe, digest: str, run_id: str, work: Path
) -> tuple[str, str]:
    """Runs the recipe's ``build.sh`` in a container of the run image, with ``work`` inside it and without a network.

    Returns the id of the new image, which has no name yet, and what the script printed.
    """
    marks = {**labels(recipe, digest), BASE: run_id}
    with engine_errors(), _container(client, run_id, recipe) as container:
        with _tar(work, recipe) as stream:
            container.put_archive('/', stream)
        container.start()
        status = container.wait()['StatusCode']
        if status:
            last = container.logs(stdout=False, tail=60).decode('utf-8', 'replace').strip()
            raise StackError(f'build.sh of {recipe.stack.name} failed (exit {status}):\n{last}')
        printed = container.logs(stderr=False).decode('utf-8', 'replace')
        changes = instructions({**recipe.env, **recipe.build_env}, marks, recipe.user, recipe.home)
        return str(container.commit(changes=changes, pause=False).id), printed


def name_images(client: docker.DockerClient, recipe: StackRecipe, run_id: str, build_id: str) -> None:
    """Gives both images their names, at last; the ones that had them before lose them."""
    with engine_errors():
        for image_id, name in ((run_id, recipe.stack.run_image), (build_id, recipe.stack.build_image)):
            repository, _, tag = name.rpartition(':')
            client.images.get(image_id).tag(repository, tag)


def discard(client: docker.DockerClient, image_id: str) -> None:
    """Removes an image that did not make it."""
    try:
        client.images.remove(image_id)
    except DockerException:
        pass


@contextmanager
def _container(client: docker.DockerClient, image_id: str, recipe: StackRecipe) -> Iterator[Container]:
    container = client.containers.create(
        image_id,
        ['/bin/sh', f'{WORK}/build.sh', WORK],
        user='root',
        working_dir='/',
        network_mode='none',
        labels={STACK: recipe.stack.name},
    )
    try:
        yield container
    finally:
        try:
            container.remove(force=True, v=True)
        except NotFound:
            pass


@contextmanager
def _tar(work: Path, recipe: StackRecipe) -> Iterator[IO[bytes]]:
    names = ['-C', str(recipe.directory), 'build.sh', '-C', str(work), 'packages-build', 'debs', 'wheels']
    call = ['tar', '-c', '--owner=0', '--group=0', f'--transform=s,^,{WORK[1:]}/,', *names]
    with subprocess.Popen(call, stdout=subprocess.PIPE) as process:
        assert process.stdout
        yield process.stdout
