"""What making a stack needs of an engine. Its adapter satisfies this without inheriting; all of it raises StackError."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundImage:
    """An image that is there."""

    id: str
    labels: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Inside:
    """A script of the recipe in ``directory``, run inside a container: it gets those ``parts`` of the directory ``work``.

    ``stack`` is the stack's name.
    """

    stack: str
    directory: Path
    script: str
    work: Path
    parts: tuple[str, ...]


class StackEngine(Protocol):
    """Imports a root as an image, and makes others in a container of the first."""

    def find(self, name: str) -> FoundImage | None:
        """The image of that name, or None."""

    def import_root(self, root: IO[bytes], changes: Sequence[str]) -> str:
        """Streams a root's tar into the engine; the id of the new image, which has no name yet."""

    def commit_on_top(self, base_id: str, changes: Sequence[str], inside: Inside) -> tuple[str, str]:
        """Runs a script in a container of an image, as root and without a network.

        Returns the id of the new image, which has no name yet, and what the script printed.
        """

    def name(self, image_id: str, name: str) -> None:
        """Gives an image its name; the one that had it before loses it."""

    def discard(self, image_id: str) -> None:
        """Removes an image that did not make it; silent if that fails."""

    def read_file(self, image_id: str, path: str) -> bytes:
        """The content of a file of an image, of a few megabytes at most."""
