"""What the HTTP front end asks for, as small protocols."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import IO, Protocol

from gitreceive.model.app import AppName
from gitreceive.model.content import Content


class Images(Protocol):
    """The images of an app's releases. All raise StorageError if the storage does not answer."""

    def tags(self, app: AppName) -> Sequence[str]:
        """``v1``, ``v2``, ...: the releases whose slugs are kept, the oldest first. Empty if there is no such app."""

    def manifest(self, app: AppName, reference: str) -> tuple[Content, bytes] | None:
        """The manifest of a tag or digest, or None."""

    def blob(self, app: AppName, digest: str) -> Content | None:
        """What there is of that digest in images of the app, or None."""

    def open(self, app: AppName, digest: str) -> AbstractContextManager[IO[bytes]]:
        """The bytes of a blob that ``blob`` has found."""


class Readers(Protocol):
    """Who may read images."""

    def may_read(self, user: str, password: str, app: AppName | None) -> bool:
        """Whether this user may read images of ``app`` (None: of any app at all)."""
