"""A commit's slug does not depend on the engine that has built it."""

import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from gitreceive.adapters.slugfiles.groups import STEP_TIME
from gitreceive.adapters.slugfiles.packer import DockerSlugPacker
from gitreceive.build.buildpack import load_buildpacks
from gitreceive.build.dockerfiles.mark import marked
from gitreceive.build.planning import Planner
from gitreceive.build.sources.git import GitSource
from gitreceive.config.settings import Limits
from gitreceive.model.cancellation import BuildClock
from gitreceive.model.plan import Stack
from gitreceive.model.push import Commit
from gitreceive.model.slug import Slug
from gitreceive.slugs.pack import pack_slug
from tests.building import workshop
from tests.e2e.receiver import copy_app, git
from tests.engines import DEFAULT, another_engine, can_start, copy_image

EXAMPLES = ('node-hello', 'python-hello')
OWN = """FROM gitreceive/cedar:12-build
COPY deps.txt /app/src/
RUN mkdir /app/deps && head -c $(cat /app/src/deps.txt) /dev/zero > /app/deps/zeros
COPY . /app/src
RUN wc -l /app/src/lib/* > /app/lines
CMD ["true"]
"""
NOT_NEEDED = ('usr/include/', 'usr/lib/gcc/', 'usr/lib/go-', 'usr/lib/jvm/', 'usr/share/go-')
"""Of the build image: half of it."""

pytestmark = [
    pytest.mark.slow,
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
    one, other = slugs(app, (docker_host, other_host), stack, tmp_path)
    assert one.sha256 == other.sha256


def test_an_app_with_its_own_dockerfile_is_the_same_slug_on_another_engine(
    docker_host: str, other_host: str, stack: Stack, tmp_path: Path
) -> None:
    (tmp_path / 'own' / 'lib').mkdir(parents=True)
    for name, content in {'Dockerfile': OWN, 'deps.txt': '2000000\n', 'lib/code': 'x\n'}.items():
        (tmp_path / 'own' / name).write_text(content)
    one, other = slugs(tmp_path / 'own', (docker_host, other_host), stack, tmp_path)
    assert one.sha256 == other.sha256
    with tarfile.open(one.path) as tar:
        times = {member.name: member.mtime for member in tar}
    assert times['./app/deps/zeros'] == STEP_TIME < times['./app/src/lib/code'] == times['./app/lines']


def slugs(app: Path, hosts: tuple[str, ...], stack: Stack, folder: Path) -> Iterator[Slug]:
    """The slug of the directory's one commit from each engine."""
    work = copy_app(app, folder / 'work')
    source = GitSource(work / '.git', Commit(git(work, 'rev-parse', 'HEAD').strip()))
    planned = Planner(buildpacks=load_buildpacks(), stack=stack).plan(source, {})
    for number, host in enumerate(hosts):
        clock = BuildClock(1200)
        with workshop(host) as shop:
            job = shop.job('', source=planned.source, recipe=marked(planned.recipe))
            image, packer = shop.builder.build(job, shop.console, clock), DockerSlugPacker(shop.engine)
            yield pack_slug(image, packer, folder / f'{number}.tgz', source.committed, Limits(), clock)
        clock.close()
