"""In what two slugs differ: path by path, and why."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gitreceive.slugs.parts import Part
from gitreceive.slugs.ports import SlugEntry, SlugReader


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A path that is ``added``, ``removed`` or ``changed``, and ``why``: what was and what is."""

    path: str
    what: str
    why: tuple[str, ...] = ()


Seen = dict[str, tuple[SlugEntry, str]]


def diff_slugs(before: Sequence[Part], after: Sequence[Part], reader: SlugReader) -> list[Difference]:
    """The differences, sorted by path. Members that both slugs have are not read; times do not count.

    Raises SlugError or StorageError.
    """
    shared = {part.sha256 for part in before} & {part.sha256 for part in after}
    old = _read([part for part in before if part.sha256 not in shared], reader)
    new = _read([part for part in after if part.sha256 not in shared], reader)
    return [difference for path in sorted({*old, *new}) if (difference := _compare(path, old, new))]


def _read(parts: Sequence[Part], reader: SlugReader) -> Seen:
    seen: Seen = {}
    for part in parts:
        with part.open() as stream:
            for entry, pieces in reader.entries(stream):
                digest = hashlib.sha256()
                for piece in pieces:
                    digest.update(piece)
                seen['/' + entry.name] = (entry, digest.hexdigest())
    return seen


def _compare(path: str, old: Seen, new: Seen) -> Difference | None:
    if path not in old:
        return Difference(path=path, what='added')
    if path not in new:
        return Difference(path=path, what='removed')
    why = tuple(_reasons(*old[path], *new[path]))
    return Difference(path=path, what='changed', why=why) if why else None


def _reasons(old: SlugEntry, was: str, new: SlugEntry, now: str) -> Iterator[str]:
    if old.kind != new.kind:
        yield f'{old.kind} -> {new.kind}'
        return
    if old.mode != new.mode:
        yield f'mode {old.mode:04o} -> {new.mode:04o}'
    if old.size != new.size:
        yield f'size {old.size} -> {new.size}'
    elif was != now:
        yield 'content'
    if old.link != new.link:
        yield f'leads to {old.link} -> {new.link}'
