"""No image is removed while a build may begin from it, and no build waits for long for removals."""

import threading
import time
from contextlib import ExitStack

from gitreceive.adapters.buildkit.turns import Turns

SOON = 0.2
LONG = 30.0


class Beside(threading.Thread):
    """Takes its turn in a thread of its own, and keeps it until it may end."""

    def __init__(self, turns: Turns, *, removing_for: float | None = None) -> None:
        super().__init__(daemon=True)
        self.began, self.may_end = threading.Event(), threading.Event()
        self._turns, self._seconds = turns, removing_for
        self.start()

    def run(self) -> None:
        with ExitStack() as held:
            if self._seconds is None:
                held.enter_context(self._turns.building())
            else:
                held.enter_context(self._turns.removing(time.monotonic() + self._seconds))
            self.began.set()
            self.may_end.wait(LONG)

    def end(self) -> None:
        self.may_end.set()
        self.join(LONG)


def test_a_removal_waits_for_builds_and_builds_for_no_other_build() -> None:
    turns = Turns()
    first, second = Beside(turns), Beside(turns)
    assert first.began.wait(LONG)
    assert second.began.wait(LONG)
    removal = Beside(turns, removing_for=LONG)
    first.end()
    assert not removal.began.wait(SOON)
    second.end()
    assert removal.began.wait(LONG)
    removal.end()


def test_a_build_waits_for_the_removal_that_goes_on_and_comes_before_the_next() -> None:
    turns = Turns()
    removal = Beside(turns, removing_for=LONG)
    assert removal.began.wait(LONG)
    build = Beside(turns)
    assert not build.began.wait(SOON)
    removal.end()
    assert build.began.wait(LONG)
    following = Beside(turns, removing_for=LONG)
    assert not following.began.wait(SOON)
    build.end()
    assert following.began.wait(LONG)
    following.end()


def test_a_removal_does_not_wait_for_ever() -> None:
    turns = Turns()
    build, removal = Beside(turns), Beside(turns, removing_for=0)
    assert removal.began.wait(LONG)
    removal.end()
    build.end()


def test_a_failed_build_gives_its_turn_back() -> None:
    turns = Turns()
    try:
        with turns.building():
            raise RuntimeError
    except RuntimeError:
        pass
    with turns.removing(time.monotonic() + LONG):
        assert Beside(turns).began.wait(SOON) is False
