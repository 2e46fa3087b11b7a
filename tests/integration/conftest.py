"""What cases ask for by name."""

from collections.abc import Iterator

import docker
import pytest

from gitreceive.model.plan import Stack
from tests.gradle import Wrapper, gradle


@pytest.fixture(scope='session')
def wrapper(
    engine: docker.DockerClient, stack: Stack, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Wrapper]:
    """A Gradle wrapper, and the server of its Gradle."""
    with gradle(engine, stack, tmp_path_factory.mktemp('gradle')) as made:
        yield made
