"""What tests share: the engine and the stack. Tests that ask for them are skipped where there is no engine."""

import os
import signal

import docker
import pytest
from docker.errors import DockerException

from gitreceive.cli.stack import Lines
from gitreceive.model import Stack
from gitreceive.stack.build import build_stack
from gitreceive.stack.recipe import load_recipe

DEFAULT = 'unix:///var/run/docker.sock'

# A shell starts what runs in the background with SIGINT ignored, and every child of it inherits that.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope='session')
def docker_host() -> str:
    """The address of an engine that answers: ``DOCKER_HOST``, else the default socket."""
    host = os.environ.get('DOCKER_HOST') or DEFAULT
    try:
        client = docker.DockerClient(base_url=host, version='auto', timeout=20)
        client.ping()
        client.close()
    except DockerException as error:
        missing = f'no Docker engine answers at {host}: {error}'
        if os.environ.get('GITRECEIVE_REQUIRE_DOCKER') == '1':
            pytest.fail(missing)
        pytest.skip(missing)
    return host


@pytest.fixture(scope='session')
def engine(docker_host: str):
    """A client of that engine."""
    client = docker.DockerClient(base_url=docker_host, version='auto', timeout=600)
    yield client
    client.close()


@pytest.fixture(scope='session')
def stack(docker_host: str) -> Stack:
    """The stack, whose images are in the engine."""
    recipe = load_recipe('cedar-12')
    build_stack(recipe, {**os.environ, 'DOCKER_HOST': docker_host}, Lines())
    return recipe.stack
