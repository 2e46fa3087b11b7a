"""What the HTTP front end asks for, as small protocols."""

from collections.abc import Sequence
from typing import Protocol, TypeVar

from gitreceive.model.access import Actor
from gitreceive.model.content import Content

Key = TypeVar('Key', contravariant=True)


class ServedImages(Protocol[Key]):
    """Images by what they are of: the name of an app or of a stack.

    All raise StorageError if the storage does not answer, StackError or EngineGone if the engine does not.
    """

    def tags(self, of: Key, /) -> Sequence[str]:
        """``v1``, ``v2``, ... of the releases whose slugs are kept, the oldest first. Empty if there is nothing."""

    def manifest(self, of: Key, reference: str, /) -> Content | None:
        """The manifest of a tag or digest, or None."""

    def blob(self, of: Key, digest: str, /) -> Content | None:
        """What there is of that digest in those images, or None."""


class Readers(Protocol):
    """Who may read images."""

    def reader(self, user: str, password: str) -> Actor | None:
        """Who this is, or None: somebody who may read nothing."""
