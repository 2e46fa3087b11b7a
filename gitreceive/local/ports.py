"""What the commands for a developer's own machine need beside the ports of builds and runs."""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from gitreceive.build.ports import ImageBuilder
from gitreceive.model.app import AppName
from gitreceive.model.platform import NewSlug, PlatformRelease


class LocalBuilder(ImageBuilder, Protocol):
    """An image builder that also tidies up."""

    def sweep(self, live: frozenset[int]) -> int:
        """Removes containers and images of builds that are not in ``live``; returns how many."""

    def remove_replaced(self, app: AppName) -> int:
        """Removes the app's images whose name newer ones have taken, unless they run; returns how many."""


class Platform(Protocol):
    """Another receiver of slugs, which runs them."""

    def publish(
        self, app: str, slug: NewSlug, file: Path, progress: Callable[[int], None]
    ) -> PlatformRelease:
        """Sends the slug's bytes and releases them; ``progress`` is given how many were sent. Raises StorageError."""
