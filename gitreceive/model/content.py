"""Bytes that are known by their checksum, as OCI registries name them."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import IO

Opening = Callable[[], AbstractContextManager[IO[bytes]]]
"""Opens bytes to be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """A manifest, config or layer: its media type, its digest (``sha256:...``), its size in bytes, and how it is read."""

    media_type: str
    digest: str
    size: int
    open: Opening
