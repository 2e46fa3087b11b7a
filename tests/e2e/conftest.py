"""A receiver for a module's stories, and somebody who may push to it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gitreceive.model.plan import Stack
from tests.e2e.receiver import Pusher, Receiver
from tests.e2e.sshd.sshd_process import make_key

NewReceiver = Callable[..., Pusher]


@pytest.fixture(scope='session')
def key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A private key file."""
    return make_key(tmp_path_factory.mktemp('keys') / 'ann')


@pytest.fixture(scope='module')
def receivers(docker_host: str, stack: Stack, key: Path) -> Iterator[Callable[..., Pusher]]:
    """Makes receivers with a registered key; they are not started. Ends them with the module."""
    made: list[Receiver] = []

    def make(folder: Path, **environ: str | bool) -> Pusher:
        folder.mkdir(parents=True, exist_ok=True)
        receiver = Receiver(folder, docker_host, **environ)  # type: ignore[arg-type]
        made.append(receiver)
        added = receiver.host('keys', 'add', 'ann', f'{key}.pub')
        assert added.status == 0, added.err
        return Pusher(key, receiver)

    yield make
    for receiver in made:
        receiver.end()


@pytest.fixture(scope='module')
def ann(receivers: Callable[..., Pusher], tmp_path_factory: pytest.TempPathFactory) -> Pusher:
    """Somebody who may push to the module's receiver, which is running."""
    pusher = receivers(tmp_path_factory.mktemp('receiver'), GITRECEIVE_BUILDS_PARALLEL='4')
    pusher.receiver.start()
    return pusher


@pytest.fixture(scope='module')
def receiver(ann: Pusher) -> Receiver:
    """The module's receiver."""
    return ann.receiver
