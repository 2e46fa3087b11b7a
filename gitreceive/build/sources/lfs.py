"""Finds files of which only a Git LFS pointer was pushed: their content is on another server.

https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md
"""

from collections.abc import Iterator
from itertools import islice

from gitreceive.build.ports import Source
from gitreceive.build.sources.ignore import LIMIT, bounded, parse_slugignore
from gitreceive.model.errors import SourceError

POINTER = b'version https://git-lfs.github.com/spec/v1\n'
LONGEST = 1024
"""Bytes of a pointer, by the specification."""

SHOWN = 10
LOOKED_AT = 1000


def lfs_note(source: Source) -> str | None:
    """What to tell of pointers among the files that ``.gitattributes`` gives to LFS; None if there are none."""
    pointers = list(islice(_pointers(source), SHOWN + 1))
    if not pointers:
        return None
    names = ', '.join(ascii(path[:100])[1:-1] for path in pointers[:SHOWN])
    more = ' and more' if len(pointers) > SHOWN else ''
    return (
        f'Git LFS pointers, not the files themselves, are in the commit: {names}{more}. '
        'This receiver has no LFS server: "git lfs untrack" them and commit the files, or fetch them in the build.'
    )


def _pointers(source: Source) -> Iterator[str]:
    if not source.exists('.gitattributes'):
        return
    lines = source.read('.gitattributes', LIMIT).splitlines()
    patterns = [line.split()[0] for line in lines if b'filter=lfs' in line.split()[1:]]
    try:
        tracked = parse_slugignore(b'\n'.join(patterns))
    except SourceError:
        return
    if not tracked.runs:
        return
    hides = bounded(tracked, '.gitattributes')
    files = (file for file in source.files() if file.kind == 'file' and file.size <= LONGEST)
    for file in islice((file for file in files if hides(file.path)), LOOKED_AT):
        if source.read(file.path, LONGEST).startswith(POINTER):
            yield file.path
