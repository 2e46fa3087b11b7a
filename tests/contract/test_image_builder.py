"""Builds images: the stand-in of unit tests behaves as Docker does; and what Docker's adapter alone can do."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gitreceive.adapters.buildkit.builder import DockerImageBuilder
from gitreceive.adapters.docker.engine import Engine
from gitreceive.build.ports import ImageBuilder
from gitreceive.model.cancellation import BuildClock
from gitreceive.model.errors import BuildCancelled, BuildError, EngineGone
from gitreceive.model.plan import Stack
from gitreceive.model.slug import Image
from tests.building import FROM, Lines, Workshop, workshop
from tests.fakes import FakeBuilder

BROKEN = f'{FROM}RUN ["/bin/bash", "-c", "echo cause; echo on stderr >&2; exit 7"]\n'


@pytest.fixture
def shop(docker_host: str, stack: Stack) -> Iterator[Workshop]:
    with workshop(docker_host) as made:
        yield made


class Place:
    """A builder, and the jobs of a workshop."""

    def __init__(self, shop: Workshop, builder: ImageBuilder) -> None:
        self.shop, self.builder = shop, builder

    def build(self, dockerfile: str = FROM, stopped: bool = False) -> Image:
        """Builds, unless somebody has stopped that before."""
        clock = BuildClock(60)
        if stopped:
            clock.stop(BuildCancelled('cancelled by ann'))
        try:
            return self.builder.build(self.shop.job(dockerfile), Lines(), clock)
        finally:
            clock.close()


@pytest.fixture(params=['fake', 'docker'])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    if request.param == 'docker':
        shop = request.getfixturevalue('shop')
        return Place(shop, shop.builder)
    failing = BuildError('failed in "x"', step='x', tail=('cause', 'on stderr'))
    builder = FakeBuilder(broken={BROKEN: failing})
    return Place(Workshop(Engine(f'unix://{tmp_path}/none.sock')), builder)


def test_what_was_built_has_an_id_and_a_name_by_which_it_is_found(place: Place) -> None:
    image = place.build()
    assert image.id.startswith('sha256:')
    assert image.name.startswith(('hello:1', 'gitreceive-app/hello:1-'))
    assert place.builder.digest(image.name) == image.id
    assert place.builder.digest('registry.invalid/nothing:1') == ''


def test_builds_have_images_by_their_numbers_until_those_are_removed(place: Place) -> None:
    place.build()
    place.build()
    assert dict(place.builder.images()) == {1: 'hello', 2: 'hello'}
    assert place.builder.remove_images(frozenset({1, 9})) == 1
    assert dict(place.builder.images()) == {2: 'hello'}
    assert place.builder.remove_images(frozenset({1, 2})) == 1
    assert place.builder.remove_containers(9, frozenset()) == 0


def test_a_step_that_fails_is_told_with_its_last_lines_and_leaves_no_image(place: Place) -> None:
    with pytest.raises(BuildError, match='failed in') as caught:
        place.build(BROKEN)
    assert set(caught.value.tail) == {'cause', 'on stderr'}
    assert dict(place.builder.images()) == {}


def test_a_build_that_was_stopped_before_it_began_ends_with_the_reason(place: Place) -> None:
    with pytest.raises(BuildCancelled, match='cancelled by ann'):
        place.build(stopped=True)
    assert dict(place.builder.images()) == {}


def test_the_directory_of_the_engine_is_one_of_this_host_or_none(place: Place) -> None:
    found = place.builder.place()
    assert found is None or found.is_dir()


def test_a_failure_names_the_step_and_carries_its_last_lines(shop: Workshop) -> None:
    with pytest.raises(BuildError) as caught:
        shop.build(f'{FROM}RUN ["/bin/bash", "-c", "echo cause; echo on stderr >&2; exit 7"]\n')
    assert str(caught.value) == 'failed in "echo cause; echo on stderr >&2; exit 7" (exit 7)'
    assert caught.value.step == 'echo cause; echo on stderr >&2; exit 7'
    assert set(caught.value.tail) == {'cause', 'on stderr'}


def test_the_exact_versions_come_with_the_image(shop: Workshop) -> None:
    step = "RUN mkdir -p /app/heroku && printf 'node 22.11.0\\nnpm 10.9.0\\n' > /app/heroku/versions\n"
    image = shop.build(f'{FROM}USER root\n{step}')
    assert dict(image.versions) == {'node': '22.11.0', 'npm': '10.9.0'}


def test_the_versions_are_found_without_the_engines_layers_too(
    shop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr('gitreceive.adapters.buildkit.versions.image_layers', lambda *_: None)
    step = "RUN mkdir -p /app/heroku && printf 'node 22.11.0\\n' > /app/heroku/versions\n"
    assert dict(shop.build(f'{FROM}USER root\n{step}').versions) == {'node': '22.11.0'}
    assert dict(shop.build(FROM).versions) == {}


def test_a_missing_base_image_says_how_to_make_it(shop: Workshop) -> None:
    with pytest.raises(BuildError, match='gitreceive stack build'):
        shop.build('FROM registry.invalid/nothing:1\n')


def test_an_image_has_a_name_so_that_nobody_prunes_it_and_can_be_removed(shop: Workshop) -> None:
    image = shop.build(FROM)
    with shop.engine.connect() as client:
        assert client.inspect_image(image.id)['RepoTags'][0].startswith('gitreceive-app/hello:1-')
    shop.builder.remove(image)
    assert shop.images() == []
    shop.builder.remove(image)


def test_a_sweep_removes_what_no_live_build_owns_and_nothing_of_others(shop: Workshop) -> None:
    first, second = shop.build(FROM), shop.build(FROM)
    with shop.engine.connect() as client, shop.engine.container(client, first.id, {}) as container:
        assert DockerImageBuilder(shop.engine, '/another/receiver', lambda: '').sweep(frozenset()) == 0
        assert shop.builder.sweep(frozenset({2})) == 2
        assert container not in [found['Id'] for found in client.containers(all=True)]
    assert shop.images() == [second.id]


def test_images_are_listed_and_removed_by_the_numbers_of_their_builds(shop: Workshop) -> None:
    first, second = shop.build(FROM), shop.build(FROM)
    other = DockerImageBuilder(shop.engine, '/another/receiver', lambda: '')
    assert dict(shop.builder.images()) == {1: 'hello', 2: 'hello'}
    assert dict(other.images()) == {}
    assert other.remove_images(frozenset({1, 2})) == 0
    with shop.engine.connect() as client, shop.engine.container(client, first.id, {}) as container:
        assert shop.builder.remove_containers(2, frozenset({1})) == 0
        assert shop.builder.remove_containers(1, frozenset()) == 0
        assert shop.builder.remove_containers(2, frozenset()) == 1
        assert container not in [found['Id'] for found in client.containers(all=True)]
    assert shop.builder.remove_images(frozenset({1, 9})) == 1
    assert shop.images() == [second.id]


def test_an_engine_that_is_not_there_says_where_it_was_looked_for(tmp_path: Path) -> None:
    builder = DockerImageBuilder(Engine(f'unix://{tmp_path}/none.sock'), '/test', lambda: '')
    with pytest.raises(EngineGone, match=r'none\.sock.*is it running'):
        builder.remove(Image(id='sha256:1'))
