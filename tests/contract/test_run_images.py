"""The images of releases in an engine: the stand-in of unit tests behaves as an engine that pulls from the registry."""

import gzip
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from gitreceive.access.book import AccessBook
from gitreceive.adapters.docker.engine import Engine
from gitreceive.adapters.docker.images import DockerImages
from gitreceive.adapters.storage.whole import composing
from gitreceive.api.registry import Registry
from gitreceive.daemon.registry import ENTRYPOINT, RegistryServer, TokenReaders
from gitreceive.model.app import AppName
from gitreceive.model.cancellation import BuildClock
from gitreceive.model.container import ContainerSpec
from gitreceive.model.errors import BuildCancelled, RunError
from gitreceive.model.instance import InstanceName, InstanceSpec
from gitreceive.model.release import Release
from gitreceive.run.ports import Images
from gitreceive.run.registry import OwnRegistry
from gitreceive.slugs.ports import Composing
from gitreceive.slugs.published import PublishedImages, PublishedStacks
from tests.chunk_cache import ChunkCache, chunk_cache, member
from tests.fakes_registry import FakeBaseImages
from tests.fakes_run import FakeEngine, FakeImages
from tests.packing import packed
from tests.storages import Places

OTHER = AppName('other')


@dataclass(frozen=True, slots=True, kw_only=True)
class Rig:
    """``use`` makes a container of a release's image, ``fetched`` counts what was pulled so far."""

    images: Images
    kept: ChunkCache
    use: Callable[[Release, str], None]
    fetched: Callable[[], int]


@pytest.fixture(params=['fake', 'engine'])
def rig(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Rig]:
    with chunk_cache(tmp_path / 'home') as kept:
        if request.param == 'fake':
            yield fake(kept)
        else:
            with real(request.getfixturevalue('docker_host'), kept) as made:
                yield made


def fake(kept: ChunkCache) -> Rig:
    engine = FakeEngine()
    images = FakeImages(engine)

    class Known(FakeImages):
        def ensure(self, release: Release, cancellation: BuildClock) -> str:  # type: ignore[override]
            known = any(one.version == release.version for one in kept.retention.releases(release.app))
            if not known:
                engine.missing.add((release.app, release.version))
            return super().ensure(release, cancellation)

    images = Known(engine)

    def use(release: Release, image: str) -> None:
        container = ContainerSpec(image=image, command=(), user='', directory='', env={})
        name = InstanceName('web', 1)
        engine.begin(
            InstanceSpec(app=release.app, release=release.version, name=name, container=container, memory=0)
        )

    return Rig(images=images, kept=kept, use=use, fetched=lambda: len(images.fetched))


@contextmanager
def real(docker_host: str, kept: ChunkCache, storage: Composing | None = None) -> Iterator[Rig]:
    """``storage`` is where the slugs are, if not in files."""
    engine, own, identity = Engine(docker_host), OwnRegistry(), secrets.token_hex(16)
    bases = FakeBaseImages({'cedar-12': [gzip.decompress(packed({'root': b'a root'}))]})
    published = PublishedImages(kept.retention.releases, storage or kept.storage, bases, ENTRYPOINT)
    manifests: list[str] = []

    class Counted(Registry):
        def _manifest(self, request, images, reference):  # type: ignore[no-untyped-def]
            manifests.append(reference)  # engines remember manifests, and then ask for their heads alone
            return super()._manifest(request, images, reference)

    readers = TokenReaders(AccessBook(kept.home.access_db), own)
    server = RegistryServer('', Counted(published, readers, PublishedStacks(bases, ('cedar-12',))))
    own.listening(server.own_address)
    server.start()
    with engine.connect() as client:

        def use(release: Release, image: str) -> None:
            made = client.create_container(image, ['none'], labels=[identity])
            containers.append(made['Id'])

        containers: list[str] = []
        images = DockerImages(engine, lambda: identity, own.access)
        try:
            yield Rig(images=images, kept=kept, use=use, fetched=lambda: len(manifests))
        finally:
            for container in containers:
                client.remove_container(container)
            images.remove(lambda app, version: False)
            server.close()


@pytest.mark.parametrize('kind', ['moto', 'swift'])
def test_a_release_whose_slug_is_in_a_bucket_is_pulled_through_the_registry(
    kind: str, docker_host: str, tmp_path: Path, places: Places
) -> None:
    with chunk_cache(tmp_path / 'home') as kept:
        release = kept.layered(member({'app/node': b'a runtime'}), packed({'app/index.js': b'one'}))
        bucket = composing(getattr(places, kind)(), tmp_path / 'near')
        for name in kept.names():
            bucket.put(name, kept.path(name))
        with real(docker_host, kept, bucket) as rig:
            assert rig.images.ensure(release, clock()).startswith('sha256:')


def clock() -> BuildClock:
    return BuildClock(600)


def test_the_image_of_a_release_is_fetched_once(rig: Rig) -> None:
    release = rig.kept.release({'index.js': b'one'})
    first = rig.images.ensure(release, clock())
    fetched = rig.fetched()
    assert fetched > 0
    assert rig.images.ensure(release, clock()) == first
    assert rig.fetched() == fetched


def test_releases_have_images_of_their_own(rig: Rig) -> None:
    releases = [rig.kept.release({'index.js': content}) for content in (b'one', b'two')]
    assert len({rig.images.ensure(release, clock()) for release in releases}) == 2


def test_a_release_that_is_not_kept_has_no_image(rig: Rig) -> None:
    release = replace(rig.kept.release({'index.js': b'one'}), version=99)
    with pytest.raises(RunError, match='hello v99'):
        rig.images.ensure(release, clock())


def test_nothing_is_fetched_for_an_operation_that_was_cancelled(rig: Rig) -> None:
    cancelled = clock()
    cancelled.stop(BuildCancelled('superseded'))
    with pytest.raises(BuildCancelled):
        rig.images.ensure(rig.kept.release({'index.js': b'one'}), cancelled)
    assert rig.fetched() == 0


def test_images_of_releases_that_are_not_kept_are_removed(rig: Rig) -> None:
    mine = rig.kept.release({'index.js': b'one'})
    other = rig.kept.release({'index.js': b'other'}, OTHER)
    for release in (mine, other):
        rig.images.ensure(release, clock())
    assert rig.images.remove(lambda app, version: (app, version) == (other.app, other.version)) == 1
    fetched = rig.fetched()
    rig.images.ensure(other, clock())
    assert rig.fetched() == fetched
    rig.images.ensure(mine, clock())
    assert rig.fetched() > fetched


def test_images_that_are_used_stay(rig: Rig) -> None:
    release = rig.kept.release({'index.js': b'one'})
    rig.use(release, rig.images.ensure(release, clock()))
    assert rig.images.remove(lambda app, version: False) == 0
    fetched = rig.fetched()
    rig.images.ensure(release, clock())
    assert rig.fetched() == fetched


def test_what_releases_share_is_fetched_before_there_is_one(rig: Rig) -> None:
    rig.images.prepare('cedar-12')
    rig.images.prepare('cedar-12')
    assert rig.images.remove(lambda app, version: False) == 0
