"""``python -m bench.memory ENGINE IMAGE FOLDER``: cuts and stores a slug; prints its bytes and the most memory that took."""

import sys
from contextlib import closing
from pathlib import Path

from gitreceive.adapters.docker.engine import Engine
from gitreceive.adapters.slugfiles.packer import DockerSlugPacker
from gitreceive.adapters.storage.file import FileStorage
from gitreceive.config.settings import Limits
from gitreceive.model.app import AppName
from gitreceive.model.cancellation import BuildClock
from gitreceive.model.slug import Image, SlugOrder
from gitreceive.slugs.chunk_cache import ChunkCache
from gitreceive.slugs.cut import cut_chunks
from gitreceive.slugs.store import store_slug
from tests.memory import memory

APP = AppName('bench')


def main(engine: str, image: str, folder: str) -> None:
    """See the module."""
    place = Path(folder)
    (place / 'work').mkdir(parents=True)
    store = FileStorage(place / 'slugs')
    limits = Limits(slug_bytes=5_000_000_000)
    order = SlugOrder(app=APP, image=Image(id=image), mtime=1, folder=place / 'work')
    packer, chunk_cache = DockerSlugPacker(Engine(engine)), ChunkCache(store, place / 'chunk_cache')
    with closing(BuildClock(900)) as clock:
        slug = cut_chunks(order, packer, chunk_cache, lambda chunk, opening: None, limits, clock)
        store_slug(slug, {}, store, APP, place / 'work')
    print(slug.size, memory('self'))


if __name__ == '__main__':
    main(*sys.argv[1:])
