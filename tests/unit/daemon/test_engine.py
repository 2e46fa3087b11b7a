"""Of each app the live image stays in the engine, and the newest."""

from collections.abc import Mapping
from typing import cast

import pytest

from gitreceive.build.ports import ImageBuilder
from gitreceive.daemon.engine import remove_images, sweep_engine, unneeded
from gitreceive.model.app import AppName
from gitreceive.model.operation import OperationState
from tests.receiver_home import ANN, HELLO, ReceiverHome

OTHER = AppName('other')


class Images:
    """As far as an engine has to do with it."""

    def __init__(self, images: Mapping[int, AppName]) -> None:
        self.left = dict(images)
        self.containers: tuple[int, frozenset[int]] | None = None

    def images(self) -> Mapping[int, AppName]:
        return dict(self.left)

    def remove_images(self, numbers: frozenset[int]) -> int:
        for number in numbers:
            del self.left[number]
        return len(numbers)

    def remove_containers(self, before: int, active: frozenset[int]) -> int:
        self.containers = before, active
        return 0


@pytest.mark.parametrize(
    'images, needed, gone',
    [
        ({}, set(), set()),
        ({1: HELLO}, set(), set()),
        ({1: HELLO, 2: HELLO, 3: HELLO}, {3}, {1, 2}),
        ({1: HELLO, 2: HELLO, 3: HELLO}, {2}, {1}),
        ({1: HELLO, 2: OTHER, 3: HELLO}, {3}, {1}),
        ({1: AppName('gone')}, set(), {1}),
    ],
)
def test_an_image_is_needed_if_it_is_live_or_the_newest(
    images: Mapping[int, AppName], needed: set[int], gone: set[int]
) -> None:
    assert unneeded(images, frozenset(needed), [HELLO, OTHER]) == gone


def released(here: ReceiverHome) -> int:
    here.queue.submit(HELLO, here.update(here.commit()), ANN)
    operation = here.journal.operations.claim(retries=False)
    assert operation
    return here.record(operation).operation


def test_what_a_release_replaced_is_removed_after_it(here: ReceiverHome) -> None:
    images = Images({released(here): HELLO for _ in range(3)})
    assert remove_images(here.journal, cast(ImageBuilder, images)) == 2
    assert images.left == {3: HELLO}


def test_a_failed_build_takes_the_live_image_from_nobody(here: ReceiverHome) -> None:
    live = released(here)
    failed = here.queue.submit(HELLO, here.update(here.commit()), ANN).number
    here.journal.operations.finish(failed, OperationState.FAILED, 'no')
    images = Images({live: HELLO, failed: HELLO})
    assert remove_images(here.journal, cast(ImageBuilder, images)) == 0


def test_the_sweep_at_start_touches_nothing_that_begins_after_it(here: ReceiverHome) -> None:
    first, second = released(here), released(here)
    images = Images({first: HELLO, second: HELLO, 77: HELLO, 78: HELLO})
    assert sweep_engine(here.journal, cast(ImageBuilder, images)) == 1
    assert set(images.left) == {second, 77, 78}
    assert images.containers == (second + 1, frozenset())
