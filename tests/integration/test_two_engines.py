"""A commit's slug does not depend on the engine that has built it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gitreceive.cancellation import BuildClock
from gitreceive.model import Stack
from tests.building import workshop
from tests.engines import DEFAULT, another_engine, can_start, copy_image
from tests.integration.test_apps import committed, packed

EXAMPLES = {'node-hello': 'node', 'python-hello': 'python'}
NOT_NEEDED = ('usr/include/', 'usr/lib/gcc/', 'usr/lib/go-', 'usr/lib/jvm/', 'usr/share/go-')
"""Of the build image: half of it."""

pytestmark = [
    can_start,
    pytest.mark.skipif(DEFAULT.exists(), reason='dev/engine uses an engine at the default socket'),
]


@pytest.fixture(scope='module')
def other_host(docker_host: str, stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An engine with the build image and nothing else."""
    with another_engine(tmp_path_factory.mktemp('e') / 'o') as host:
        copy_image(stack.build_image, docker_host, host, NOT_NEEDED)
        yield host


@pytest.mark.parametrize('example', EXAMPLES)
def test_an_example_is_the_same_slug_on_another_engine(
    example: str, docker_host: str, other_host: str, stack: Stack, tmp_path: Path
) -> None:
    app = Path(__file__).parents[2] / 'examples' / example
    source, clock, sums = committed(app, tmp_path, ()), BuildClock(1200), []
    for number, host in enumerate((docker_host, other_host)):
        with workshop(host) as shop:
            case = {'buildpack': EXAMPLES[example]}
            _, slug = packed(case, source, shop, stack, tmp_path / f'{number}.tgz', clock)
            sums.append(slug.sha256)
    clock.close()
    assert sums[0] == sums[1]
