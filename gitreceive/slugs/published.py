"""The images of releases, as a registry serves them: composed when they are asked for, of what lies in storage."""

import gzip
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from typing import IO, Protocol, cast

from gitreceive.model.app import AppName
from gitreceive.model.content import Content, Opening
from gitreceive.model.release import Release
from gitreceive.slugs.images import (
    CONFIG_TYPE,
    LAYER_TYPE,
    MANIFEST_TYPE,
    BaseImage,
    Document,
    Layer,
    compose_base,
    compose_image,
)
from gitreceive.slugs.parts import Part, checksum, parts
from gitreceive.slugs.ports import Composing

TAG = re.compile(r'v([1-9][0-9]{0,8})')
NEWEST = 'latest'
REMEMBERED = 512
"""Images of releases whose two documents are kept in memory: a few kilobytes each."""


class BaseImages(Protocol):
    """The run images of stacks, as layers that can be read one by one."""

    def image(self, stack: str) -> BaseImage:
        """The run image of that stack, exported once. Raises StackError if the engine lacks it, EngineGone."""

    def open(self, digest: str) -> AbstractContextManager[IO[bytes]]:
        """The bytes of one of its layers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedImage:
    """The manifest of an image, and its config and layers by their digests."""

    manifest: Content
    blobs: Mapping[str, Content]


class PublishedStacks:
    """The run images of ``stacks`` themselves, as images without a slug. Names are those of stacks."""

    def __init__(self, bases: BaseImages, stacks: Sequence[str]) -> None:
        self._bases, self._stacks = bases, stacks

    def tags(self, name: str) -> Sequence[str]:
        """``latest``, if there is such a stack."""
        return [NEWEST] if name in self._stacks else []

    def manifest(self, name: str, reference: str) -> Content | None:
        """The manifest of ``latest`` or of a digest, or None. Raises StackError or EngineGone."""
        published = self._published(name)
        wanted = published is not None and reference in (NEWEST, published.manifest.digest)
        return published.manifest if published and wanted else None

    def blob(self, name: str, digest: str) -> Content | None:
        """What the run image has of that digest, or None."""
        published = self._published(name)
        return published.blobs.get(digest) if published else None

    def _published(self, name: str) -> PublishedImage | None:
        if name not in self._stacks:
            return None
        base = self._bases.image(name)
        image = compose_base(base, name)
        config = _content(CONFIG_TYPE, image.config)
        layers = [_layer_content(layer, partial(self._bases.open, layer.digest)) for layer in base.layers]
        return PublishedImage(
            manifest=_content(MANIFEST_TYPE, image.manifest),
            blobs={each.digest: each for each in (config, *layers)},
        )


class PublishedImages:
    """Images of the releases that ``kept`` names, the newest first. ``start`` is what their processes begin with."""

    def __init__(
        self,
        kept: Callable[[AppName], Sequence[Release]],
        storage: Composing,
        bases: BaseImages,
        start: Sequence[str],
    ) -> None:
        self._kept, self._storage, self._bases, self._start = kept, storage, bases, start
        self._published: dict[tuple[AppName, int, BaseImage], PublishedImage] = {}
        self._diff_ids: dict[str, str] = {}

    def tags(self, app: AppName) -> Sequence[str]:
        """``v1``, ``v2``, ...: the oldest first."""
        return [f'v{release.version}' for release in reversed(self._kept(app))]

    def manifest(self, app: AppName, reference: str) -> Content | None:
        """The manifest of a tag or digest, or None. Raises StorageError, StackError or EngineGone."""
        tag = TAG.fullmatch(reference)
        for published in self._of(app, int(tag[1]) if tag else None):
            if tag or published.manifest.digest == reference:
                return published.manifest
        return None

    def blob(self, app: AppName, digest: str) -> Content | None:
        """What images of the app have of that digest, or None. Raises as ``manifest``."""
        for published in self._of(app):
            if digest in published.blobs:
                return published.blobs[digest]
        return None

    def _of(self, app: AppName, version: int | None = None) -> Iterator[PublishedImage]:
        """The images of the app's releases, or that of one. The engine is asked for each stack once."""
        bases: dict[str, BaseImage] = {}
        for release in self._kept(app):
            if version in (None, release.version):
                if release.stack not in bases:
                    bases[release.stack] = self._bases.image(release.stack)
                yield self._publish(release, bases[release.stack])

    def _publish(self, release: Release, base: BaseImage) -> PublishedImage:
        # An app that is made again counts its versions from 1 again; operations are counted once and for all.
        key = (release.app, release.operation, base)
        found = self._published.get(key)
        if found is None:
            if len(self._published) >= REMEMBERED:
                self._published.clear()
            found = self._published[key] = self._compose(release, base)
        return found

    def _compose(self, release: Release, base: BaseImage) -> PublishedImage:
        chunks = parts(self._storage, release.app, release.slug.sha256)
        image = compose_image(release, base, [self._layer(chunk) for chunk in chunks], self._start)
        openings: list[Opening] = [partial(self._bases.open, each.digest) for each in base.layers]
        openings += [each.open for each in chunks]
        layers = [
            _layer_content(layer, opening) for layer, opening in zip(image.layers, openings, strict=True)
        ]
        config = _content(CONFIG_TYPE, image.config)
        return PublishedImage(
            manifest=_content(MANIFEST_TYPE, image.manifest),
            blobs={each.digest: each for each in (config, *layers)},
        )

    def _layer(self, chunk: Part) -> Layer:
        return Layer(
            digest=f'sha256:{chunk.sha256}',
            diff_id=f'sha256:{chunk.diff_id or self._unpacked(chunk)}',
            size=chunk.size,
        )

    def _unpacked(self, chunk: Part) -> str:
        """The checksum of what a chunk unpacks to, for those of before it was recorded: all of it is read, once."""
        if chunk.sha256 not in self._diff_ids:
            with chunk.open() as stream, gzip.GzipFile(fileobj=stream) as tar:
                self._diff_ids[chunk.sha256] = checksum(cast(IO[bytes], tar))[0]
        return self._diff_ids[chunk.sha256]


def _layer_content(layer: Layer, opening: Opening) -> Content:
    return Content(media_type=LAYER_TYPE, digest=layer.digest, size=layer.size, open=opening)


def _content(media_type: str, document: Document) -> Content:
    return Content(
        media_type=media_type,
        digest=document.digest,
        size=len(document.content),
        open=partial(BytesIO, document.content),
    )
