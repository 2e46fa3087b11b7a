"""What people push with git: old histories, odd names, shallow clones, large apps that fail."""

import os
from pathlib import Path

import pytest

from tests.e2e.receiver import Pusher, Receiver, change, head, make_app

FAILS = b'FROM gitreceive/cedar:12-build\nRUN exit 3\n'


@pytest.fixture
def work(tmp_path: Path) -> Path:
    return make_app(tmp_path / 'work')


def packs(receiver: Receiver, app: str) -> int:
    return sum(path.stat().st_size for path in (receiver.home.repos / f'{app}.git').rglob('*.pack'))


def test_fixes_of_an_app_that_fails_send_only_the_fix(ann: Pusher, receiver: Receiver, work: Path) -> None:
    change(work, {'large': os.urandom(8_000_000), 'Dockerfile': FAILS})
    assert ann.push(work, 'large').status == 1
    first = packs(receiver, 'large')
    for number in range(2):
        change(work, {'fix': b'%d' % number})
        pushed = ann.push(work, 'large')
        assert pushed.status == 1
        assert ' failed: ' in pushed.err
    assert packs(receiver, 'large') - first < 10_000
    change(work, {'Dockerfile': None})
    assert ann.push(work, 'large').status == 0
    assert packs(receiver, 'large') - first < 20_000
    assert receiver.ref('large') == head(work)
    assert receiver.ref('large', 'refs/failed/last') is None
