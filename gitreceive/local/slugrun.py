"""Runs a slug on the clean run image of its stack: the proof that it is enough on any host.

The slug is put into a container by the engine; nothing of it is unpacked on the host. The process runs as the stack's
user without privileges, and is published on the host's loopback address only.
"""

import http.client
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import requests
from docker import APIClient

from gitreceive.adapters.docker.engine import Engine
from gitreceive.adapters.slugfiles.archive import repacked
from gitreceive.adapters.slugfiles.reading import unpacked
from gitreceive.model.errors import SlugError, StackError
from gitreceive.model.plan import Stack
from gitreceive.model.process import ProcessType
from gitreceive.model.text import decoded
from gitreceive.run.boot import HOST, PORT, process_container
from gitreceive.run.listening import TABLES, unanswered

BOOT_SECONDS = 60
RUN_LABEL = 'gitreceive.run'


@contextmanager
def run_slug(
    engine: Engine,
    stack: Stack,
    slug: Path,
    process: ProcessType,
    env: Mapping[str, str],
    port: int = 0,
    wait: float = BOOT_SECONDS,
) -> Iterator[str]:
    """The URL at which the slug's web process answers, as long as the context lasts.

    ``port`` 0 takes a free one. Raises SlugError, with the process's last words, if it ends or does not answer within
    ``wait`` seconds; StackError without the run image.
    """
    with started(engine, stack, slug, process, env, port) as (client, container):
        deadline = time.monotonic() + wait
        while (address := _answering(engine, client, container)) is None:
            _refuse_ended(engine, client, container, process)
            if time.monotonic() > deadline:
                why = unanswered(_inside(engine, client, container, ('cat', *TABLES)))
                said = last_words(engine, client, container)
                raise SlugError(
                    f'{process.name} did not answer on $PORT within {wait:g} seconds{": " * bool(why)}{why}; '
                    f'it said:\n{said}'
                )
            time.sleep(0.05)
        yield f'http://{HOST}:{address}/'


@contextmanager
def started(
    engine: Engine, stack: Stack, slug: Path, process: ProcessType, env: Mapping[str, str], port: int = 0
) -> Iterator[tuple[APIClient, str]]:
    """A container in which ``process`` of the slug was started; it is removed when the context ends."""
    with engine.connect() as client:
        container = _create(engine, client, stack, process, env, port)
        try:
            _fill(engine, client, container, slug, stack.uid)
            with engine.errors(f'started {process.name}'):
                client.start(container)
            yield client, container
        finally:
            engine.remove_container(client, container)


def processes_beside(slug: Path) -> dict[str, str]:
    """Process types and commands from the ``.json`` beside a stored slug; empty if there is none."""
    about = slug.with_suffix('.json')
    try:
        found = json.loads(about.read_bytes()).get('process_types', {})
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, AttributeError) as error:
        raise SlugError(f'{about} cannot be read: {error}') from error
    return {str(name): str(command) for name, command in found.items()}


def last_words(engine: Engine, client: APIClient, container: str, lines: int = 20) -> str:
    """The end of what a container's process printed, harmless for a terminal."""
    with engine.errors('read the log of a container'):
        return decoded(client.logs(container, tail=lines)).strip() or 'nothing'


def _create(
    engine: Engine, client: APIClient, stack: Stack, process: ProcessType, env: Mapping[str, str], port: int
) -> str:
    with engine.errors(f'looked for {stack.run_image}'):
        if not client.images(stack.run_image):
            raise StackError(f'the engine has no image {stack.run_image}: run "gitreceive stack build"')
    with engine.errors(f'created a container for {process.name}'):
        config = process_container(stack.run_image, process, env, stack.uid, port)
        config['Labels'] = {RUN_LABEL: process.name}
        created = client.create_container_from_config(config)  # type: ignore[no-untyped-call]
    return str(created['Id'])


def _fill(engine: Engine, client: APIClient, container: str, slug: Path, owner: int) -> None:
    """Puts the slug below ``/``, owned by the user it runs as. It is sent uncompressed: an engine that is given gzip
    looks for a program to unpack it with."""
    url = f'{client.base_url}/v{client.api_version}/containers/{container}/archive'
    with unpacked(slug) as stream, engine.errors('unpacked the slug'):
        body = repacked(stream.read, None, [], lambda: None, owner)
        answer = client.put(url, params={'path': '/'}, data=body, timeout=(60, None))
        if answer.status_code != requests.codes.ok:
            raise SlugError(f'the Docker engine could not unpack {slug}: {answer.text[:500]}')


def _answering(engine: Engine, client: APIClient, container: str) -> int | None:
    """The port of the host at which HTTP is answered; None as long as it is not."""
    with engine.errors('looked at a container'):
        bound = client.port(container, PORT)
    if not bound:
        return None
    port = int(bound[0]['HostPort'])
    connection = http.client.HTTPConnection(HOST, port, timeout=5)
    try:
        connection.request('GET', '/')
        connection.getresponse()
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
    return port


def _inside(engine: Engine, client: APIClient, container: str, words: Sequence[str]) -> str:
    """What a command prints that runs beside the container's process."""
    with engine.errors('looked into a container'):
        created = client.exec_create(container, list(words), stderr=False)
        return decoded(client.exec_start(created['Id']))


def _refuse_ended(engine: Engine, client: APIClient, container: str, process: ProcessType) -> None:
    with engine.errors('looked at a container'):
        state = client.inspect_container(container)['State']
    if not state['Running']:
        said = last_words(engine, client, container)
        raise SlugError(
            f'{process.name} ended (exit {state["ExitCode"]}) before it answered on $PORT; it said:\n{said}'
        )
