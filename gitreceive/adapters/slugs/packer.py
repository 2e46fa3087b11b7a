"""Packs ``/app`` of an image, the fast way where that is possible and through the engine where it is not."""

import logging
from collections.abc import Mapping, Sequence
from typing import IO

from gitreceive.adapters.docker.engine import Engine
from gitreceive.adapters.docker.layers import Layers, image_layers
from gitreceive.adapters.slugs.archive import archive_sizes, pack_archive
from gitreceive.adapters.slugs.overlay import CannotMount, layer_sizes, pack_layers
from gitreceive.model import Image
from gitreceive.ports import Cancellation

log = logging.getLogger(__name__)


class DockerSlugPacker:
    """Satisfies the ``SlugPacker`` port. ``layers`` allows the fast way; both ways give the same bytes."""

    def __init__(self, engine: Engine, layers: bool = True) -> None:
        self._engine = engine
        self._allowed = layers

    def pack(self, image: Image, target: IO[bytes], mtime: int, cancellation: Cancellation) -> Sequence[str]:
        """See the port."""
        cancellation.check()
        layers = self._layers(image)
        if layers:
            try:
                left_out = pack_layers(layers, target, mtime, cancellation)
                log.info('packed %s from the layers of the engine', image.id)
                return left_out
            except CannotMount as error:
                log.info('the layers of %s cannot be mounted: %s', image.id, error)
        left_out = pack_archive(self._engine, image.id, target, mtime, cancellation)
        log.info('packed %s through the archive endpoint of the engine', image.id)
        return left_out

    def sizes(self, image: Image, cancellation: Cancellation) -> Mapping[str, int]:
        """See the port."""
        layers = self._layers(image)
        if layers:
            try:
                return layer_sizes(layers, cancellation)
            except CannotMount as error:
                log.info('the layers of %s cannot be mounted: %s', image.id, error)
        return archive_sizes(self._engine, image.id, cancellation)

    def _layers(self, image: Image) -> Layers | None:
        if not self._allowed:
            return None
        with self._engine.connect() as client:
            return image_layers(self._engine, client, image.id)
