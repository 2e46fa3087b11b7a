"""What the HTTP front end asks for, as small protocols."""

from collections.abc import Sequence
from typing import Protocol

from gitreceive.model.access import Actor
from gitreceive.model.app import AppName
from gitreceive.model.content import Content


class Images(Protocol):
    """The images of an app's releases. All raise StorageError if the storage does not answer."""

    def tags(self, app: AppName) -> Sequence[str]:
        """``v1``, ``v2``, ...: the releases whose slugs are kept, the oldest first. Empty if there is no such app."""

    def manifest(self, app: AppName, reference: str) -> Content | None:
        """The manifest of a tag or digest, or None."""

    def blob(self, app: AppName, digest: str) -> Content | None:
        """What there is of that digest in images of the app, or None."""


class Readers(Protocol):
    """Who may read images."""

    def reader(self, user: str, password: str) -> Actor | None:
        """Who this is, or None: somebody who may read nothing."""
