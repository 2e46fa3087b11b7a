"""An engine that ends, dies or is new: what ran runs again, and the first release waits for no more than its code."""

import os
import secrets
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from gitreceive.access.book import AccessBook
from gitreceive.adapters.docker.baseimages import ExportedBaseImages
from gitreceive.adapters.docker.engine import Engine
from gitreceive.adapters.docker.images import DockerImages
from gitreceive.api.registry import Registry
from gitreceive.daemon.registry import ENTRYPOINT, RegistryServer, TokenReaders
from gitreceive.model.cancellation import BuildClock
from gitreceive.model.instance import Instance, InstanceState
from gitreceive.model.plan import Stack
from gitreceive.run.registry import OwnRegistry
from gitreceive.slugs.published import PublishedImages, PublishedStacks
from tests.chunk_cache import chunk_cache
from tests.engines import DEFAULT, another_engine, call, can_start, copy_image
from tests.running import LIVES, Rig, engine_rig, spec_of
from tests.waiting import within

NOT_NEEDED = ('usr/share/doc/', 'usr/share/locale/', 'usr/share/fonts/', 'usr/lib/jvm/', 'usr/lib/llvm')
"""Of the run image."""

PATIENCE = 60

pytestmark = [
    pytest.mark.slow,
    can_start,
    pytest.mark.skipif(DEFAULT.exists(), reason='dev/engine uses an engine at the default socket'),
]


class OwnEngine:
    """An engine with the run image and nothing else; ``place`` is its checkout."""

    def __init__(self, place: Path, host: str) -> None:
        self.place, self.host = place, host

    def restart(self) -> None:
        """As in a reboot: everything ends."""
        assert call(self.place, 'stop').returncode == 0
        self.ensure()

    def die(self) -> None:
        """It is killed, and started by somebody."""
        engine = self.place / 'build' / 'engine'
        os.kill(int((engine / 'docker.pid').read_text()), signal.SIGKILL)
        # It takes its containerd with it, which is a service of its own where engines are.
        (engine / 'run' / 'containerd' / 'containerd.pid').unlink()
        self.ensure()

    def ensure(self) -> None:
        started = call(self.place, 'ensure')
        assert started.returncode == 0, started.stderr


@pytest.fixture
def own_engine(
    docker_host: str, stack: Stack, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[OwnEngine]:
    place = tmp_path_factory.mktemp('e') / 'r'
    with another_engine(place) as host:
        copy_image(stack.run_image, docker_host, host, NOT_NEEDED)
        yield OwnEngine(place, host)
    data = place / 'build' / 'engine' / 'data'
    if f' {data} ' in Path('/proc/mounts').read_text():  # left by one that was killed
        subprocess.run(['umount', data], check=True)
        shutil.rmtree(data)


def find(rig: Rig, instance: Instance) -> Instance:
    return next(one for one in rig.instances.find() if one.id == instance.id)


@pytest.mark.parametrize('end', ['restart', 'die'])
def test_kept_instances_run_again_at_their_addresses_when_their_engine_has_ended(
    end: str, own_engine: OwnEngine, stack: Stack
) -> None:
    with engine_rig(own_engine.host, stack.run_image) as rig:
        kept = [rig.instances.start(spec_of(rig, LIVES, number=number, port=5000)) for number in (1, 2)]
        for instance in kept:
            rig.instances.keep(instance)
        trial = rig.instances.start(spec_of(rig, LIVES, number=3))
        getattr(own_engine, end)()
        for instance in kept:
            assert within(PATIENCE, lambda of=instance: find(rig, of).state is InstanceState.UP)
            assert find(rig, instance).address == instance.address
        assert within(PATIENCE, lambda: find(rig, trial).state is not InstanceState.STARTING)
        again = rig.instances.start(spec_of(rig, LIVES, number=4))
        assert again.address not in [one.address for one in kept]


@pytest.mark.parametrize('prepared', [True, False])
def test_the_layers_of_the_run_image_are_fetched_once_before_the_first_release(
    prepared: bool, own_engine: OwnEngine, stack: Stack, tmp_path: Path
) -> None:
    engine, own, identity = Engine(own_engine.host), OwnRegistry(), secrets.token_hex(16)
    bases = ExportedBaseImages(engine, tmp_path / 'bases', lambda name: stack.run_image)
    base = {layer.digest for layer in bases.image('cedar-12').layers}
    sent: list[str] = []

    class Noted(Registry):
        def _blob(self, request, images, digest):  # type: ignore[no-untyped-def]
            sent.append(digest)
            return super()._blob(request, images, digest)

    with chunk_cache(tmp_path / 'home') as kept:
        published = PublishedImages(kept.retention.releases, kept.storage, bases, ENTRYPOINT)
        readers = TokenReaders(AccessBook(kept.home.access_db), own)
        server = RegistryServer('', Noted(published, readers, PublishedStacks(bases, ('cedar-12',))))
        own.listening(server.own_address)
        server.start()
        images = DockerImages(engine, lambda: identity, own.access)
        release = kept.release({'src/index.js': b'one'})
        if prepared:
            images.prepare('cedar-12')
            assert base <= set(sent)
            sent.clear()
        images.ensure(release, BuildClock(600))
        assert bool(base & set(sent)) is not prepared
        server.close()
