"""Those who follow an operation cost nothing while there is nothing new."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.receiver_home import ReceiverHome, receiver_home
from tests.unit.daemon.test_follow import running


@pytest.fixture
def here(tmp_path: Path) -> Iterator[ReceiverHome]:
    with receiver_home(tmp_path / 'home') as made:
        yield made


def test_fifty_followers_of_a_log_that_does_not_grow_cost_next_to_nothing(here: ReceiverHome) -> None:
    operation, ended = running(here), threading.Event()
    used: list[float] = []

    def listen() -> None:
        begun = None
        for _ in here.follower.follow(operation.number, 0):
            begun = time.thread_time() if begun is None else begun
            if ended.is_set():
                used.append(time.thread_time() - begun)
                return

    threads = [threading.Thread(target=listen, daemon=True) for _ in range(50)]
    for thread in threads:
        thread.start()
    began = time.monotonic()
    time.sleep(2)
    ended.set()
    here.queue.ring()
    for thread in threads:
        thread.join(10)
    assert len(used) == 50
    assert sum(used) / (time.monotonic() - began) < 0.02
