"""Caches of builds are those of one app of one receiver, also where an engine is shared and an app's Dockerfile asks."""

import hashlib
import uuid
from collections.abc import Iterator

import pytest

from gitreceive.adapters.buildkit.builder import DockerImageBuilder
from gitreceive.model.app import AppName
from gitreceive.model.cancellation import BuildClock
from tests.building import FROM, Lines, Workshop, workshop

MOUNT = '--mount=type=cache,id=%s,target=/c'


@pytest.fixture(scope='module')
def shop(docker_host: str) -> Iterator[Workshop]:
    with workshop(docker_host) as made:
        yield made


class Receiver:
    """A receiver of that identity, at the engine that others use too."""

    def __init__(self, shop: Workshop, identity: str) -> None:
        self._shop, self._builder = shop, DockerImageBuilder(shop.engine, shop.home, lambda: identity)

    def writes(self, app: str, text: str) -> None:
        """A build of the app puts a secret into the cache ``deps``."""
        self._run(app, f'RUN {MOUNT % "deps"} chmod 777 /c; echo {text} >/c/secret')

    def sees(self, app: str, cache: str = 'deps') -> str:
        """What a build of the app finds in a cache of that name."""
        return self._run(app, f'RUN {MOUNT % cache} cat /c/secret 2>/dev/null || echo nothing')

    def _run(self, app: str, step: str) -> str:
        clock, console = BuildClock(300), Lines()
        dockerfile = f'{FROM}USER root\n{step} # {uuid.uuid4()}\n'
        try:
            self._builder.build(self._shop.job(dockerfile, app=AppName(app)), console, clock)
        finally:
            clock.close()
        return console.details[-1] if console.details else ''


def test_a_cache_lasts_from_build_to_build_of_its_app_and_is_no_others(shop: Workshop) -> None:
    mine, word = uuid.uuid4().hex, uuid.uuid4().hex
    here, other = Receiver(shop, mine), Receiver(shop, uuid.uuid4().hex)
    here.writes('hello', word)
    assert here.sees('hello') == word
    assert here.sees('other') == 'nothing'
    assert other.sees('hello') == 'nothing', 'an app of the same name at another receiver of the engine'


def test_a_dockerfile_cannot_name_the_cache_of_another_app(shop: Workshop) -> None:
    mine, word = uuid.uuid4().hex, uuid.uuid4().hex
    here = Receiver(shop, mine)
    here.writes('hello', word)
    namespace = hashlib.sha256(f'{mine}/hello'.encode()).hexdigest()[:40]
    for cache in ('../hello/deps', f'../{namespace}/deps', f'/{namespace}/deps', f'{namespace}/deps'):
        assert here.sees('other', cache) == 'nothing', cache
