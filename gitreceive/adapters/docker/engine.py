"""The connection to a Docker engine, and the one place where its errors become ours."""

import io
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import IO, Any

import requests
import urllib3
from docker import APIClient
from docker.errors import APIError, DockerException, NotFound

from gitreceive.model.errors import BuildError, EngineGone

TIMEOUT = 60
"""Seconds that the engine may take for an answer that is not a build."""

CHUNK = 1 << 18

PLAIN = {'Accept-Encoding': 'identity'}
"""Without it the engine would compress what it sends over a local socket."""


class Engine:
    """A Docker engine at ``url`` (``unix:///...``, ``tcp://...``; empty: the default socket).

    Nothing is connected until it is needed: a receiver starts without its engine. Every caller gets a client of its
    own, for the sessions of ``requests`` are not made for several threads.
    """

    def __init__(self, url: str = '') -> None:
        self.url = url or 'unix:///var/run/docker.sock'
        self._lock = threading.Lock()
        self._version = ''

    def connect(self, timeout: float = TIMEOUT) -> APIClient:
        """A client that speaks the newest API version that both sides know. Raises EngineGone."""
        with self.errors('was asked for its version'):
            client = APIClient(self.url, version=self._version or 'auto', timeout=timeout)  # type: ignore[arg-type]
        client.trust_env = False
        with self._lock:
            self._version = client.api_version
        return client

    @contextmanager
    def errors(self, doing: str, *, refusals: bool = False) -> Iterator[None]:
        """Translates what the engine or the way to it raises: EngineGone, or BuildError for a refusal.

        ``doing`` completes "the Docker engine went away while it ...". ``refusals``: the caller translates those.
        """
        try:
            yield
        except APIError as error:
            if refusals:
                raise
            raise BuildError(
                f'the Docker engine refused when it {doing}: {error.explanation or error}'
            ) from error
        except (DockerException, requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            with self._lock:
                self._version = ''
            raise EngineGone(self._told(_root(error), doing)) from error

    def _told(self, cause: BaseException, doing: str) -> str:
        if isinstance(cause, PermissionError):
            return (
                f'this user may not use the Docker engine at {self.url}: '
                'join the group of its socket ("docker", as a rule), or be root'
            )
        words = str(cause) or type(cause).__name__
        return f'the Docker engine at {self.url} went away when it {doing}: is it running? ({words})'

    @contextmanager
    def container(
        self, client: APIClient, image: str, labels: Mapping[str, str] | None = None
    ) -> Iterator[str]:
        """The id of a container of ``image`` that is created and never started; removed afterwards."""
        with self.errors(f'created a container of {image}'):
            config = client.create_container_config(
                image, ['true'], labels=dict(labels or {}), entrypoint=[], network_disabled=True
            )
            created = str(client.create_container_from_config(config)['Id'])  # type: ignore[no-untyped-call]
        try:
            yield created
        finally:
            self.remove_container(client, created)

    def remove_container(self, client: APIClient, container: str) -> None:
        """Removes a container, running or not; silent if it is gone."""
        with self.errors('removed a container'):
            try:
                client.remove_container(container, v=True, force=True)
            except NotFound:
                return
            except APIError as error:
                if error.status_code != requests.codes.conflict:  # its removal is already in progress
                    raise

    @contextmanager
    def read_out(self, client: APIClient, container: str, path: str) -> Iterator[IO[bytes]]:
        """The uncompressed tar stream of ``path`` in a container. Raises FileNotFoundError if there is none."""
        doing = f'read {path} out of an image'
        with self._streamed(client, f'/containers/{container}/archive', {'path': path}, doing) as stream:
            yield stream

    @contextmanager
    def save(self, client: APIClient, image: str) -> Iterator[IO[bytes]]:
        """The tar stream of an image, as "docker save" writes it. Raises FileNotFoundError if there is none."""
        with self._streamed(client, f'/images/{image}/get', {}, f'exported {image}') as stream:
            yield stream

    @contextmanager
    def _streamed(
        self, client: APIClient, path: str, parameters: Mapping[str, str], doing: str
    ) -> Iterator[IO[bytes]]:
        url = f'{client.base_url}/v{client.api_version}{path}'
        with self.errors(doing):
            answer = client.get(url, params=parameters, stream=True, timeout=TIMEOUT, headers=PLAIN)
        with answer:
            if answer.status_code == requests.codes.not_found:
                raise FileNotFoundError(path)
            if not answer.ok:
                raise BuildError(f'the Docker engine refused when it {doing}: {answer.text[:500]}')
            with io.BufferedReader(_Answer(self, answer, doing), CHUNK) as stream:
                yield stream


class _Answer(io.RawIOBase):
    """The body of an answer; reading it raises our errors only."""

    def __init__(self, engine: Engine, answer: requests.Response, doing: str) -> None:
        self._engine = engine
        self._answer = answer
        self._doing = doing

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        with self._engine.errors(self._doing):
            piece = self._answer.raw.read(len(buffer))
        buffer[: len(piece)] = piece
        return len(piece)


def _root(error: BaseException) -> BaseException:
    seen = error
    while seen.__cause__ or seen.__context__:
        seen = seen.__cause__ or seen.__context__ or seen
    return seen
