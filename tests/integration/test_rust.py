"""Rust apps in a real engine: what outlives a build does not outlive the code that it was made of."""

from collections.abc import Iterator
from dataclasses import replace

import docker
import pytest

from gitreceive.adapters.docker.stack import DockerStackEngine
from gitreceive.build.buildpack import load_buildpacks
from gitreceive.build.planning import Planner
from gitreceive.build.recipe import run_recipe
from gitreceive.model.app import AppName
from gitreceive.model.cancellation import BuildClock
from gitreceive.model.errors import BuildError
from gitreceive.model.plan import Stack
from gitreceive.model.slug import Image
from tests.building import Workshop, workshop
from tests.fakes import FakeSource

APP = {
    'Cargo.toml': '[package]\nname = "hello"\nversion = "0.1.0"\n[dependencies]\nwords = { path = "words" }',
    'Cargo.lock': (
        'version = 3\n[[package]]\nname = "hello"\nversion = "0.1.0"\ndependencies = ["words"]\n'
        '[[package]]\nname = "words"\nversion = "0.1.0"\n'
    ),
    'src/main.rs': 'fn main() { print!("{}", words::said()) }',
    'words/Cargo.toml': '[package]\nname = "words"\nversion = "0.1.0"',
}
SAYS = 'pub fn said() -> &\'static str { include_str!("words.txt") }'


@pytest.fixture
def shop(docker_host: str, stack: Stack) -> Iterator[Workshop]:
    with workshop(docker_host) as made:
        yield made


def built(words: str, shop: Workshop, stack: Stack) -> Image:
    """The app that says ``words``, built with the caches of the app from before."""
    said = {'words/src/lib.rs': SAYS, 'words/src/words.txt': words}
    planned = Planner(buildpacks=load_buildpacks(), stack=stack).plan(FakeSource({**APP, **said}), {})
    job = shop.job('', source=planned.source, recipe=planned.recipe, app=AppName('says'))
    clock = BuildClock(600)
    try:
        return run_recipe(job, shop.builder, shop.console, clock)
    finally:
        clock.close()


def test_code_that_is_older_than_the_last_build_is_compiled_all_the_same(
    rust: str, engine: docker.DockerClient, shop: Workshop, stack: Stack
) -> None:
    """A commit that was made before the last push, as after a rollback: the times of its files say nothing."""
    for words in ('the first words', 'the second words'):
        image = built(words, shop, stack)
        assert words.encode() in DockerStackEngine(engine).read_file(
            image.id, '/app/src/target/release/hello'
        )


def test_without_the_addition_it_is_told_who_can_make_it(shop: Workshop, stack: Stack) -> None:
    bare = replace(stack, build_image='gitreceive-test/bare:1')
    with pytest.raises(
        BuildError, match=r'built on gitreceive-test/bare:1-rust, .* "gitreceive stack build --with rust"'
    ):
        built('one', shop, bare)
