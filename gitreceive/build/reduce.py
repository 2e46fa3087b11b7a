"""Reduces the slugs that an app has run before, once another one is live."""

from gitreceive.build.ports import ReleaseBook, SlugStore
from gitreceive.model.app import AppName

REDUCED = 3
"""Releases before the newest whose slugs are looked at: the one before it, and what an earlier death may have left."""


def reduce_older(app: AppName, slugs: SlugStore, releases: ReleaseBook) -> None:
    """Of the slugs of older releases only the chunks stay, unless the newest has the same one."""
    newest, *older = releases.of(app, 1 + REDUCED)
    slugs.reduce(app, {each.slug.sha256 for each in older} - {newest.slug.sha256})
