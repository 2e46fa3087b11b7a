"""Somebody who pushes to a receiver that is hit."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gitreceive.model.plan import Stack
from tests.e2e.kills.receiver import HitReceiver
from tests.e2e.receiver import Pusher


@pytest.fixture(scope='module')
def make_hit_receiver(docker_host: str, stack: Stack, key: Path) -> Iterator[Callable[..., Pusher]]:
    """Makes receivers that are not started; they end with the module."""
    made: list[HitReceiver] = []

    def make(folder: Path, **environ: str) -> Pusher:
        folder.mkdir(parents=True, exist_ok=True)
        receiver = HitReceiver(folder, docker_host, **environ)
        made.append(receiver)
        added = receiver.host('keys', 'add', 'ann', f'{key}.pub')
        assert added.status == 0, added.err
        return Pusher(key, receiver)

    yield make
    for receiver in made:
        receiver.end()


@pytest.fixture(scope='module')
def ann(make_hit_receiver: Callable[..., Pusher], tmp_path_factory: pytest.TempPathFactory) -> Pusher:
    """May push to the module's receiver, which runs."""
    pusher = make_hit_receiver(tmp_path_factory.mktemp('hit'))
    pusher.receiver.start()
    return pusher


@pytest.fixture
def hit(ann: Pusher) -> Iterator[HitReceiver]:
    """The module's receiver, as a test finds it: everything runs, nothing is aimed at."""
    assert isinstance(ann.receiver, HitReceiver)
    ann.receiver.hooks.spare()
    ann.receiver.start()
    yield ann.receiver
    ann.receiver.hooks.spare()
