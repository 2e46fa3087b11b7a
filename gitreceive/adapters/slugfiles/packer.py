"""Packs ``/app`` of an image, the fast way where that is possible and through the engine where it is not."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import IO

from gitreceive.adapters.docker.engine import Engine
from gitreceive.adapters.docker.layers import Layers, image_layers
from gitreceive.adapters.slugfiles.archive import archive_sizes, read_app
from gitreceive.adapters.slugfiles.folders import FOLDERS, split_by_folders
from gitreceive.adapters.slugfiles.groups import Group, group_layers, holds_much
from gitreceive.adapters.slugfiles.overlay import CannotMount, layer_sizes, pack_group, try_layers
from gitreceive.model.progress import Cancellation
from gitreceive.model.slug import Image
from gitreceive.slugs.ports import Packed, SlugPart

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class LayersPart:
    """What a group of layers holds, read from the engine's directories. Satisfies ``SlugPart``."""

    layers: Layers
    group: Group
    most: int

    @property
    def key(self) -> str:
        """See the port."""
        return self.group.key

    def pack(self, target: IO[bytes], cancellation: Cancellation) -> Packed:
        """See the port."""
        return pack_group(self.layers, self.group, target, self.most, cancellation)


class DockerSlugPacker:
    """Satisfies the ``SlugPacker`` port. ``layers`` allows the fast way; both ways give the same files.

    A part of more than ``most`` bytes is refused (0: none is).
    """

    def __init__(self, engine: Engine, layers: bool = True, most: int = 0) -> None:
        self._engine = engine
        self._most = most
        self._allowed = layers
        self._mounted = False

    def parts(self, image: Image, mtime: int, cancellation: Cancellation) -> Sequence[SlugPart]:
        """See the port."""
        cancellation.check()
        layers = self._layers(image)
        groups = self._groups(layers, image, mtime, cancellation) if layers else ()
        if layers and groups:
            log.info('%s is packed from the layers of the engine, in %d parts', image.id, len(groups))
            return [LayersPart(layers=layers, group=group, most=self._most) for group in groups]
        log.info('%s is packed through the archive endpoint of the engine', image.id)
        return split_by_folders(lambda: read_app(self._engine, image.id), mtime, cancellation, self._most)

    def _groups(
        self, layers: Layers, image: Image, mtime: int, cancellation: Cancellation
    ) -> Sequence[Group]:
        """None if the layers cannot be read, or if directories tell more than they do."""
        try:
            self._try(layers, cancellation)
            groups = group_layers(layers, mtime, image.code_steps)
            if len(groups) > 1 or not holds_much(layers, FOLDERS):
                return groups
            log.info('%s has its dependencies among the layers of its code', image.id)
        except (CannotMount, OSError) as error:
            log.info('the layers of %s cannot be read: %s', image.id, error)
        return ()

    def sizes(self, image: Image, cancellation: Cancellation) -> Mapping[str, int]:
        """See the port."""
        layers = self._layers(image)
        if layers:
            try:
                return layer_sizes(layers, cancellation)
            except CannotMount as error:
                log.info('the layers of %s cannot be mounted: %s', image.id, error)
        return archive_sizes(self._engine, image.id, cancellation)

    def _try(self, layers: Layers, cancellation: Cancellation) -> None:
        """What could be mounted once in this process can be mounted again."""
        if not self._mounted:
            try_layers(layers, cancellation)
            self._mounted = True

    def _layers(self, image: Image) -> Layers | None:
        if not self._allowed:
            return None
        with self._engine.connect() as client:
            return image_layers(self._engine, client, image.id)
