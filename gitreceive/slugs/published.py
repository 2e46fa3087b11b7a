"""The images of releases, as a registry serves them: composed when they are asked for, of what lies in storage."""

import gzip
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from typing import IO, Protocol, cast

from gitreceive.model.app import AppName
from gitreceive.model.content import Content
from gitreceive.model.release import Release
from gitreceive.slugs.images import (
    CONFIG_TYPE,
    LAYER_TYPE,
    MANIFEST_TYPE,
    BaseImage,
    Layer,
    ReleaseImage,
    compose_image,
)
from gitreceive.slugs.parts import Part, checksum, parts
from gitreceive.slugs.ports import Composing
from gitreceive.slugs.stored import chunks_of, read_manifest

TAG = re.compile(r'v([1-9][0-9]{0,8})')
REMEMBERED = 512
"""Images of releases whose two documents are kept in memory: a few kilobytes each."""


Reader = Callable[[], AbstractContextManager[IO[bytes]]]


class BaseImages(Protocol):
    """The run images of stacks, as layers that can be read one by one."""

    def image(self, stack: str) -> BaseImage:
        """The run image of that stack, exported once. Raises StackError if the engine lacks it, EngineGone."""

    def open(self, digest: str) -> AbstractContextManager[IO[bytes]]:
        """The bytes of one of its layers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedImage:
    """An image, and how each of its layers is read, by digest."""

    image: ReleaseImage
    readers: dict[str, Reader]


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

    def manifest(self, app: AppName, reference: str) -> tuple[Content, bytes] | None:
        """The manifest of a tag or digest, or None. Raises StorageError, StackError or EngineGone."""
        for published in self._matching(app, reference):
            document = published.image.manifest
            if TAG.fullmatch(reference) or document.digest == reference:
                found = Content(media_type=MANIFEST_TYPE, digest=document.digest, size=len(document.content))
                return found, document.content
        return None

    def blob(self, app: AppName, digest: str) -> Content | None:
        """What images of the app have of that digest, or None. Raises as ``manifest``."""
        for published in self._matching(app, digest):
            config = published.image.config
            if config.digest == digest:
                return Content(media_type=CONFIG_TYPE, digest=digest, size=len(config.content))
            for layer in published.image.layers:
                if layer.digest == digest:
                    return Content(media_type=LAYER_TYPE, digest=digest, size=layer.size)
        return None

    def open(self, app: AppName, digest: str) -> AbstractContextManager[IO[bytes]]:
        """The bytes of what ``blob`` has found. Raises KeyError if it is gone."""
        for published in self._matching(app, digest):
            if digest in published.readers:
                return published.readers[digest]()
        raise KeyError(digest)

    def _matching(self, app: AppName, reference: str) -> Iterator[PublishedImage]:
        """The images that may be meant: that of a tag, or all of the app."""
        tag = TAG.fullmatch(reference)
        for release in self._kept(app):
            if tag is None or release.version == int(tag[1]):
                yield self._publish(release)

    def _publish(self, release: Release) -> PublishedImage:
        base = self._bases.image(release.stack)
        key = (release.app, release.version, base)
        found = self._published.get(key)
        if found is None:
            if len(self._published) >= REMEMBERED:
                self._published.clear()
            found = self._published[key] = self._compose(release, base)
        return found

    def _compose(self, release: Release, base: BaseImage) -> PublishedImage:
        app, sha256 = release.app, release.slug.sha256
        chunks = parts(self._storage, app, sha256)
        known = {each.sha256: each.diff_id for each in chunks_of(read_manifest(self._storage, app, sha256))}
        layers = [self._layer(chunk, known.get(chunk.sha256, '')) for chunk in chunks]
        image = compose_image(release, base, layers, self._start)
        readers: dict[str, Reader] = {
            each.digest: partial(self._bases.open, each.digest) for each in base.layers
        }
        readers |= {f'sha256:{chunk.sha256}': chunk.open for chunk in chunks}
        readers[image.config.digest] = partial(BytesIO, image.config.content)
        return PublishedImage(image=image, readers=readers)

    def _layer(self, chunk: Part, diff_id: str) -> Layer:
        return Layer(
            digest=f'sha256:{chunk.sha256}',
            diff_id=f'sha256:{diff_id or self._unpacked(chunk)}',
            size=chunk.size,
        )

    def _unpacked(self, chunk: Part) -> str:
        """The checksum of what a chunk unpacks to, for those of before it was recorded: all of it is read, once."""
        if chunk.sha256 not in self._diff_ids:
            with chunk.open() as stream, gzip.GzipFile(fileobj=stream) as tar:
                self._diff_ids[chunk.sha256] = checksum(cast(IO[bytes], tar))[0]
        return self._diff_ids[chunk.sha256]
