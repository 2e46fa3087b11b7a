"""Puts a slug into a container of the run image and starts a process of it. Satisfies ``SlugRunner``.

The engine unpacks the slug; nothing of it is unpacked on the host.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import requests
from docker import APIClient

from gitreceive.adapters.docker.create import create_request
from gitreceive.adapters.docker.engine import Engine
from gitreceive.adapters.slugfiles.archive import repacked
from gitreceive.adapters.slugfiles.reading import unpacked
from gitreceive.model.container import ContainerSpec
from gitreceive.model.errors import SlugError, StackError
from gitreceive.model.stackimages import making
from gitreceive.model.text import decoded

RUN_LABEL = 'gitreceive.run'
LAST_LINES = 20


class DockerSlugRunner:
    """Runs slugs in one engine."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @contextmanager
    def start(self, spec: ContainerSpec, slug: Path, owner: int) -> Iterator['RunningContainer']:
        """See the port."""
        with self._engine.connect() as client:
            container = self._created(client, spec)
            try:
                self._fill(client, container, slug, owner)
                with self._engine.errors('started a container'):
                    client.start(container)
                yield RunningContainer(self._engine, client, container)
            finally:
                self._engine.remove_container(client, container)

    def _created(self, client: APIClient, spec: ContainerSpec) -> str:
        with self._engine.errors(f'looked for {spec.image}'):
            if not client.images(spec.image):
                raise StackError(f'the engine has no image {spec.image}: run "{making(spec.image)}"')
        with self._engine.errors(f'created a container of {spec.image}'):
            request = create_request(spec, {RUN_LABEL: spec.env.get('DYNO', '').partition('.')[0]})
            return str(client.create_container_from_config(request)['Id'])  # type: ignore[no-untyped-call]

    def _fill(self, client: APIClient, container: str, slug: Path, owner: int) -> None:
        """The slug is sent uncompressed: an engine that is given gzip looks for a program to unpack it with."""
        url = f'{client.base_url}/v{client.api_version}/containers/{container}/archive'
        with unpacked(slug) as stream, self._engine.errors('unpacked the slug'):
            body = repacked(stream.read, None, [], lambda: None, owner)
            answer = client.put(url, params={'path': '/'}, data=body, timeout=(60, None))
            if answer.status_code != requests.codes.ok:
                raise SlugError(f'the Docker engine could not unpack {slug}: {answer.text[:500]}')


class RunningContainer:
    """A process of a slug in its container. Satisfies ``RunningSlug``."""

    def __init__(self, engine: Engine, client: APIClient, container: str) -> None:
        self._engine, self._client, self._container = engine, client, container

    def port(self) -> int | None:
        """See the port."""
        with self._engine.errors('looked at a container'):
            found = self._client.inspect_container(self._container)['NetworkSettings']['Ports']
        bound = [each for bindings in found.values() for each in bindings or ()]
        return int(bound[0]['HostPort']) if bound else None

    def ended(self) -> int | None:
        """See the port."""
        with self._engine.errors('looked at a container'):
            state = self._client.inspect_container(self._container)['State']
        return None if state['Running'] else int(state['ExitCode'])

    def output_of(self, command: Sequence[str]) -> str:
        """See the port."""
        with self._engine.errors('looked into a container'):
            created = self._client.exec_create(self._container, list(command), stderr=False)
            return decoded(self._client.exec_start(created['Id']))

    def last_output(self) -> str:
        """See the port."""
        with self._engine.errors('read the log of a container'):
            return decoded(self._client.logs(self._container, tail=LAST_LINES)).strip() or 'nothing'

    def follow(self) -> Iterator[str]:
        """See the port."""
        with self._engine.errors('read the log of a container'):
            for piece in self._client.logs(self._container, stream=True, follow=True):
                yield decoded(piece)

    def wait(self) -> int:
        """See the port."""
        with self._engine.errors('waited for a container'):
            return int(self._client.wait(self._container)['StatusCode'])
