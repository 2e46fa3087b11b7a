"""Reports when a slug has grown by more than a tenth, and where."""

from gitreceive.model.errors import GitReceiveError
from gitreceive.model.progress import Console
from gitreceive.model.release import Release
from gitreceive.model.slug import LayeredSlug
from gitreceive.model.text import megabytes, path_text
from gitreceive.slugs.measured import largest_folders
from gitreceive.slugs.parts import chunk_parts, parts
from gitreceive.slugs.ports import Composing, SlugReader
from gitreceive.slugs.xray import grown, xray

SHOWN = 3


def report_growth(
    slug: LayeredSlug, before: Release | None, storage: Composing, reader: SlugReader, console: Console
) -> None:
    """Says nothing if it has not. Reads the chunks that only one of the two slugs has.

    A slug of before that can no longer be read only hides where it has grown.
    """
    if before is None or 10 * slug.size <= 11 * before.slug.size:
        return
    percent = 100 * slug.size // max(1, before.slug.size) - 100
    console.detail(f'{percent}% more than v{before.version} ({megabytes(before.slug.size)})')
    try:
        new = chunk_parts(storage, before.app, slug.chunks)
        old = parts(storage, before.app, before.slug.sha256)
        shared = {part.sha256 for part in new} & {part.sha256 for part in old}
        folders = [
            xray([part for part in each if part.sha256 not in shared], reader).folders for each in (old, new)
        ]
    except GitReceiveError:
        return
    for folder, size in largest_folders(grown(*folders), SHOWN):
        console.detail(f'+{megabytes(size)} in {path_text(folder)}')
