"""Makes base images in a Docker engine. Satisfies ``StackEngine``."""

import io
import subprocess
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import IO

import docker
import requests
from docker.errors import DockerException, ImageNotFound, NotFound
from docker.models.containers import Container

from gitreceive.model.errors import StackError
from gitreceive.stack.ports import FoundImage, Inside

STACK_LABEL = 'gitreceive.stack'
WORK = '/gitreceive-stack'
ANSWER_SECONDS = 1800
"""What the engine may take for one answer: an import is answered when it is done."""


@contextmanager
def connected(environ: Mapping[str, str]) -> Iterator['DockerStackEngine']:
    """The engine that ``environ`` (``DOCKER_HOST``, else the default socket) names. Raises StackError."""
    with engine_errors():
        client = docker.from_env(version='auto', timeout=ANSWER_SECONDS, environment=dict(environ))
    try:
        yield DockerStackEngine(client)
    finally:
        client.close()


@contextmanager
def engine_errors() -> Iterator[None]:
    """Translates what docker-py and requests raise into StackError."""
    try:
        yield
    except (DockerException, requests.RequestException) as error:
        raise StackError(_reported(error)) from error


def _reported(error: Exception) -> str:
    text = str(error)
    if 'no space left' in text.lower():
        return f'the disk of the Docker engine is full: {text}; free some space and try again'
    if isinstance(error, requests.ConnectionError) or 'Error while fetching server API version' in text:
        return f'no Docker engine answers: {text}; start one, or set DOCKER_HOST ("make engine" starts one of its own)'
    return f'the Docker engine refused: {text}'


class DockerStackEngine:
    """One engine, by one connection."""

    def __init__(self, client: docker.DockerClient) -> None:
        self._client = client

    def find(self, name: str) -> FoundImage | None:
        """See the port."""
        with engine_errors():
            try:
                found = self._client.images.get(name)
            except ImageNotFound:
                return None
            return FoundImage(id=str(found.id), labels=found.labels)

    def import_root(self, root: IO[bytes], changes: Sequence[str]) -> str:
        """See the port."""
        with engine_errors():
            answer = self._client.api.import_image(src=root, changes=list(changes), stream_src=True)
        last = str(answer).strip().splitlines()[-1]
        if '"sha256:' not in last:
            raise StackError(f'the Docker engine did not import the root: {last}')
        return 'sha256:' + last.partition('"sha256:')[2].partition('"')[0]

    def commit_on_top(self, base_id: str, changes: Sequence[str], inside: Inside) -> tuple[str, str]:
        """See the port."""
        with engine_errors(), self._container(base_id, inside) as container:
            with _tar(inside) as stream:
                container.put_archive('/', stream)
            container.start()
            status = container.wait()['StatusCode']
            if status:
                last = container.logs(stdout=False, tail=60).decode('utf-8', 'replace').strip()
                raise StackError(f'{inside.script} of {inside.stack} failed (exit {status}):\n{last}')
            printed = container.logs(stderr=False).decode('utf-8', 'replace')
            return str(container.commit(changes=list(changes), pause=False).id), printed

    def name(self, image_id: str, name: str) -> None:
        """See the port."""
        repository, _, tag = name.rpartition(':')
        with engine_errors():
            self._client.images.get(image_id).tag(repository, tag)

    def discard(self, image_id: str) -> None:
        """See the port."""
        with suppress(DockerException):
            self._client.images.remove(image_id)

    def read_file(self, image_id: str, path: str) -> bytes:
        """See the port."""
        with engine_errors():
            container = self._client.containers.create(image_id)
            try:
                stream, _ = container.get_archive(path)
                with tarfile.open(fileobj=io.BytesIO(b''.join(stream))) as tar:
                    found = tar.extractfile(tar.getmembers()[0])
                    return found.read() if found else b''
            finally:
                container.remove()

    @contextmanager
    def _container(self, image_id: str, inside: Inside) -> Iterator[Container]:
        container = self._client.containers.create(
            image_id,
            ['/bin/sh', f'{WORK}/{inside.script}', WORK],
            user='root',
            working_dir='/',
            network_mode='none',
            labels={STACK_LABEL: inside.stack},
        )
        try:
            yield container
        finally:
            with suppress(NotFound):
                container.remove(force=True, v=True)


@contextmanager
def _tar(inside: Inside) -> Iterator[IO[bytes]]:
    names = ['-C', str(inside.directory), inside.script, '-C', str(inside.work), *inside.parts]
    call = ['tar', '-c', '--owner=0', '--group=0', f'--transform=s,^,{WORK[1:]}/,', *names]
    with subprocess.Popen(call, stdout=subprocess.PIPE) as process:
        assert process.stdout
        yield process.stdout
