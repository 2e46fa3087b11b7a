"""One machine for all tests of these commands; each leaves it without containers."""

import os
from collections.abc import Iterator

import docker
import docker.utils.build
import pytest

from gitreceive.model.plan import Stack
from tests.integration.local.machine import ENV, PROCFILE, SERVER, Machine


@pytest.fixture(scope='module')
def machine(
    docker_host: str, stack: Stack, engine: docker.DockerClient, tmp_path_factory
) -> Iterator[Machine]:
    folder = tmp_path_factory.mktemp('machine') / 'My App'
    folder.mkdir()
    for name, content in {'Procfile': PROCFILE, 'server.pl': SERVER, '.env': ENV}.items():
        (folder / name).write_text(content)
    environ = {**os.environ, 'DOCKER_HOST': docker_host, 'GITRECEIVE_HOME': str(folder.parent / 'home')}
    made = Machine(folder, environ, engine)
    try:
        yield made
    finally:
        for process in made.running:
            process.kill()
            process.wait()
        made.run('clean')
        assert made.images() == made.containers() == []


@pytest.fixture(autouse=True)
def nothing_is_left(machine: Machine) -> Iterator[None]:
    yield
    assert machine.containers() == []
