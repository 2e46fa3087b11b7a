"""How long work speaks to people, and how it is told to stop."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol


class Console(Protocol):
    """Where a build speaks to people: the grammar of the push output."""

    def step(self, text: str) -> None:
        """Tells a step: ``-----> text``."""

    def detail(self, text: str) -> None:
        """Writes a detail, ``       text``, of any origin, with any bytes: it is made harmless here."""

    def warn(self, text: str) -> None:
        """`` !     text``"""


class Cancellation(Protocol):
    """Tells a running stage to stop, from another thread."""

    def check(self) -> None:
        """Raises BuildCancelled or BuildTimeout once the build has to stop."""

    def call_on_stop(self, action: Callable[[], None]) -> AbstractContextManager[None]:
        """While the context lasts, ``action`` is called (once, from another thread) when the build has to stop."""
