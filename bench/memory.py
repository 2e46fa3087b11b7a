"""``python -m bench.memory ENGINE IMAGE FOLDER``: cuts and stores a slug; prints its bytes and the most memory that took."""

import sys
from contextlib import closing
from pathlib import Path

from gitreceive.adapters.docker.engine import Engine
from gitreceive.adapters.slugs.packer import DockerSlugPacker
from gitreceive.adapters.storage.file import FileStorage
from gitreceive.cancellation import BuildClock
from gitreceive.model import AppName, Image
from gitreceive.settings import Limits
from gitreceive.slugs.shelf import Shelf
from gitreceive.stages.members import Cut, cut_members
from gitreceive.stages.store import store_slug
from tests.memory import memory

APP = AppName('bench')


def main(engine: str, image: str, folder: str) -> None:
    """See the module."""
    place = Path(folder)
    (place / 'work').mkdir(parents=True)
    store = FileStorage(place / 'slugs')
    limits = Limits(slug_bytes=5_000_000_000)
    cut = Cut(app=APP, image=Image(id=image), mtime=1, folder=place / 'work', limits=limits)
    packer, shelf = DockerSlugPacker(Engine(engine)), Shelf(store, place / 'shelf')
    with closing(BuildClock(900)) as clock:
        slug = cut_members(cut, packer, shelf, lambda member, opening: None, clock)
        store_slug(slug, {}, store, APP, place / 'work')
    print(slug.size, memory('self'))


if __name__ == '__main__':
    main(*sys.argv[1:])
