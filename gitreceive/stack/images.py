"""The engine's side of a stack: imports a root as an image, and makes the second image in a container of the first."""

import io
import subprocess
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import docker
import requests
from docker.errors import DockerException, ImageNotFound, NotFound
from docker.models.containers import Container

from gitreceive.model.errors import StackError
from gitreceive.stack.recipe import StackRecipe

STACK, VERSION, DIGEST = 'gitreceive.stack', 'gitreceive.stack.version', 'gitreceive.stack.digest'
BASE = 'gitreceive.stack.base'
WORK = '/gitreceive-stack'
ANSWER_SECONDS = 1800
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
        client = docker.from_env(version='auto', timeout=ANSWER_SECONDS, environment=dict(environ))
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


@dataclass(frozen=True, slots=True)
class Inside:
    """A script of the recipe, run inside a container: it gets those ``parts`` of the directory ``work``."""

    script: str
    work: Path
    parts: tuple[str, ...]


def commit_on_top(
    client: docker.DockerClient, recipe: StackRecipe, base_id: str, marks: Mapping[str, str], inside: Inside
) -> tuple[str, str]:
    """Runs a script of the recipe in a container of the image ``base_id``, as root and without a network.

    Returns the id of the new image, which has the labels ``marks`` and no name yet, and what the script printed.
    """
    with engine_errors(), _container(client, base_id, recipe, inside.script) as container:
        with _tar(recipe, inside) as stream:
            container.put_archive('/', stream)
        container.start()
        status = container.wait()['StatusCode']
        if status:
            last = container.logs(stdout=False, tail=60).decode('utf-8', 'replace').strip()
            raise StackError(f'{inside.script} of {recipe.stack.name} failed (exit {status}):\n{last}')
        printed = container.logs(stderr=False).decode('utf-8', 'replace')
        changes = instructions({**recipe.env, **recipe.build_env}, marks, recipe.user, recipe.home)
        return str(container.commit(changes=changes, pause=False).id), printed


def said(printed: str, mark: str) -> str:
    """Those lines of ``printed`` that begin with the word ``mark``, without it."""
    lines = [line.removeprefix(f'{mark} ') for line in printed.splitlines() if line.startswith(f'{mark} ')]
    return ''.join(f'{line}\n' for line in lines)


def name_images(client: docker.DockerClient, recipe: StackRecipe, run_id: str, build_id: str) -> None:
    """Gives both images their names, at last; the ones that had them before lose them."""
    name_image(client, run_id, recipe.stack.run_image)
    name_image(client, build_id, recipe.stack.build_image)


def name_image(client: docker.DockerClient, image_id: str, name: str) -> None:
    """Gives an image its name; the one that had it before loses it."""
    repository, _, tag = name.rpartition(':')
    with engine_errors():
        client.images.get(image_id).tag(repository, tag)


def exists(client: docker.DockerClient, name: str) -> bool:
    """Whether the engine has an image of that name."""
    return marked(client, name)


def marked(client: docker.DockerClient, name: str, digest: str = '') -> bool:
    """Whether the engine has an image of that name, made of what ``digest`` stands for, if that is given."""
    with engine_errors():
        try:
            found = client.images.get(name)
        except ImageNotFound:
            return False
        return digest in ('', found.labels.get(DIGEST))


def image_id(client: docker.DockerClient, name: str) -> str:
    """The id of an image that is there."""
    with engine_errors():
        return str(client.images.get(name).id)


def file_of(client: docker.DockerClient, image: str, path: str) -> bytes:
    """The content of a file of an image, of a few megabytes at most."""
    with engine_errors():
        container = client.containers.create(image)
        try:
            stream, _ = container.get_archive(path)
            with tarfile.open(fileobj=io.BytesIO(b''.join(stream))) as tar:
                found = tar.extractfile(tar.getmembers()[0])
                return found.read() if found else b''
        finally:
            container.remove()


def discard(client: docker.DockerClient, image_id: str) -> None:
    """Removes an image that did not make it."""
    try:
        client.images.remove(image_id)
    except DockerException:
        pass


@contextmanager
def _container(
    client: docker.DockerClient, image_id: str, recipe: StackRecipe, script: str
) -> Iterator[Container]:
    container = client.containers.create(
        image_id,
        ['/bin/sh', f'{WORK}/{script}', WORK],
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
def _tar(recipe: StackRecipe, inside: Inside) -> Iterator[IO[bytes]]:
    names = ['-C', str(recipe.directory), inside.script, '-C', str(inside.work), *inside.parts]
    call = ['tar', '-c', '--owner=0', '--group=0', f'--transform=s,^,{WORK[1:]}/,', *names]
    with subprocess.Popen(call, stdout=subprocess.PIPE) as process:
        assert process.stdout
        yield process.stdout
