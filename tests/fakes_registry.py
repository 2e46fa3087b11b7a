"""A stand-in for the exported run images that a registry serves, which keeps its port's promises."""

import gzip
import hashlib
import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import IO

from gitreceive.model.errors import StackError, StateError
from gitreceive.slugs.images import BaseImage, Layer


class FakeBaseImages:
    """Run images in memory: a stack's name to the tars of its layers. Satisfies ``published.BaseImages``."""

    def __init__(self, stacks: Mapping[str, Sequence[bytes]]) -> None:
        self._stacks = stacks
        self._layers: dict[str, bytes] = {}
        self.asked: list[str] = []

    def image(self, stack: str) -> BaseImage:
        self.asked.append(stack)
        if stack not in self._stacks:
            raise StackError(
                f'the engine has no image for {stack}: run "gitreceive stack build --stack {stack}"'
            )
        layers = tuple(self._layer(tar) for tar in self._stacks[stack])
        return BaseImage(architecture='amd64', env=('PATH=/bin',), layers=layers)

    @contextmanager
    def open(self, digest: str) -> Iterator[IO[bytes]]:
        if digest not in self._layers:
            raise StateError(f'no run image has the layer {digest}')
        yield io.BytesIO(self._layers[digest])

    def _layer(self, tar: bytes) -> Layer:
        packed = gzip.compress(tar, mtime=0)
        digest = f'sha256:{hashlib.sha256(packed).hexdigest()}'
        self._layers[digest] = packed
        diff_id = f'sha256:{hashlib.sha256(tar).hexdigest()}'
        return Layer(digest=digest, diff_id=diff_id, size=len(packed))
