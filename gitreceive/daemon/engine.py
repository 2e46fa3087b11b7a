"""What builds leave in the engine: of each app the live image stays and the newest, which the next build begins from."""

from collections.abc import Iterable, Mapping

from gitreceive.build.ports import ImageBuilder
from gitreceive.journal import Journal
from gitreceive.model.app import AppName


def sweep_engine(journal: Journal, builder: ImageBuilder) -> int:
    """Removes what builds of before have left; returns how much. Raises EngineGone.

    What begins while this runs has a higher number, and is not touched.
    """
    before = journal.operations.next_number()
    active = frozenset(each.number for each in journal.operations.active())
    return builder.remove_containers(before, active) + remove_images(journal, builder, before)


def remove_images(journal: Journal, builder: ImageBuilder, before: int | None = None) -> int:
    """Removes the images that no app needs; returns how many. Raises EngineGone."""
    limit = journal.operations.next_number() if before is None else before
    images = builder.images()
    live = [journal.releases.live(app) for app in set(images.values())]
    needed = {release.operation for release in live if release}
    needed |= {each.number for each in journal.operations.active()}
    apps = frozenset(journal.apps.all())
    gone = {number for number in unneeded(images, frozenset(needed), apps) if number < limit}
    return builder.remove_images(frozenset(gone)) if gone else 0


def unneeded(images: Mapping[int, AppName], needed: frozenset[int], apps: Iterable[AppName]) -> set[int]:
    """The builds whose images are neither needed nor the newest of an app that there is. Pure."""
    newest = {max((number for number, of in images.items() if of == app), default=0) for app in apps}
    return images.keys() - needed - newest
