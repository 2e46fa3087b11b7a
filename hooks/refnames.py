"""Which refs are kept, and how one that is not is refused by itself. Imported by ``pre-receive``.

git takes more names than it can tell apart, or than can be shown (git-check-ref-format(1)). Names never reach a shell
here, so letters that mean something there are taken.
"""

import os
from collections.abc import Iterable

KEPT = ('refs/heads/', 'refs/tags/')
MOST = 250  # bytes; a part of a name is a file's, which may have 255 with git's ".lock"
MOST_ALONE = 5000  # refs of a push some of which are refused: a millisecond for each
ZERO = '0' * 40


def split_updates(updates: Iterable[str]) -> tuple[list[str], list[tuple[str, str]]]:
    """Lines ``old new ref``: those that are taken, and the refs of the others, each with the reason."""
    taken, refused = [], []
    for update in updates:
        _, new, ref = update.split(' ', 2)
        if why := why_refused(ref, new == ZERO):
            refused.append((ref, why))
        else:
            taken.append(update)
    return taken, refused


def why_refused(ref: str, deletes: bool = False) -> str:
    """Why a ref of that name is not taken; empty if it is. ``ref`` has surrogates for what is not UTF-8.

    Bad names of former days can still be deleted.
    """
    if not ref.startswith(KEPT):
        return 'only branches and tags are kept here'
    name = ref.split('/', 2)[2]
    if deletes:
        return ''
    if not name.isprintable():
        return 'invalid ref name: it has characters that cannot be shown'
    if name in ('HEAD', 'refs') or name.startswith('refs/'):
        return 'invalid ref name: git could not tell it from one of its own'
    if name.startswith('-'):
        return 'invalid ref name: it would be taken for an option'
    if len(ref.encode()) > MOST:
        return f'invalid ref name: it has over {MOST} bytes'
    return ''


def refuse(directory: str, refused: list[tuple[str, str]], taken: int) -> str:
    """Lets git refuse these refs and no others: by an ``update`` hook in the hooks' directory of this push.

    Returns why all have to be refused, empty if not: git starts that hook for each of the refs that are ``taken``.
    """
    ref, why = refused[0]
    told = f'{why}: {ascii(ref[:100])[1:-1]}'
    if taken > MOST_ALONE:
        return f'{told} (a push of over {MOST_ALONE:,} refs is taken whole or not at all)'
    if not os.path.islink(os.path.join(directory, 'refuse')):
        return told  # these are the hooks of all pushes
    with open(os.path.join(directory, 'refused'), 'w', encoding='utf-8', errors='surrogateescape') as file:
        file.writelines(f'{ref}\t{why}\n' for ref, why in refused)
    os.symlink('refuse', os.path.join(directory, 'update'))
    return ''
