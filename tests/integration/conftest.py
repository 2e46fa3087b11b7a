"""What cases ask for by name; and that most of what is here is run alone."""

from collections.abc import Iterator
from pathlib import Path

import docker
import pytest

from gitreceive.model.plan import Stack
from tests.gradle import Wrapper, gradle

HERE = Path(__file__).parent
BESIDE_OTHERS = ('test_build.py', 'test_caches.py', 'test_slug.py', 'local')
"""Files and directories here whose builds fetch nothing. The others are marked ``alone``."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks what fetches packages in its builds."""
    for item in items:
        if item.path.is_relative_to(HERE) and item.path.relative_to(HERE).parts[0] not in BESIDE_OTHERS:
            item.add_marker(pytest.mark.alone)


@pytest.fixture(scope='session')
def wrapper(
    engine: docker.DockerClient, stack: Stack, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Wrapper]:
    """A Gradle wrapper, and the server of its Gradle."""
    with gradle(engine, stack, tmp_path_factory.mktemp('gradle')) as made:
        yield made
