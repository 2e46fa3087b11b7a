"""Bytes that are known by their checksum, as OCI registries name them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """A manifest, config or layer: its media type, its digest (``sha256:...``) and its size in bytes."""

    media_type: str
    digest: str
    size: int
