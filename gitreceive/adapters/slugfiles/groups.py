"""Which layers of an image are packed together, and what of them is in the slug in the end.

An app's code changes with each push, its runtime and dependencies hardly ever, and in the image they are layers. So a
slug is a row of parts, one for each group of layers, and a part that was packed once is used again as long as its key
is the same. A part holds what its layers put below ``/app`` and no layer above takes away: nothing in a slug has to be
deleted after it was unpacked, and but for directories nothing is in it twice.

The names of files that are not trusted are looked at here, in the engine's own directories; no symlink is followed, nothing is opened
but directories. How layers hide each other: kernel documentation, "Overlay Filesystem", "whiteouts and opaque
directories".
"""

import hashlib
import os
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from gitreceive.adapters.docker.layers import Layers, is_opaque
from gitreceive.model.plan import CODE_MARK

FORMAT = 'gitreceive slug part 3'
"""Goes into all keys: another one packs everything again."""

STEP_TIME = 315532800
"""1980-01-01, what the Dockerfiles set as ``SOURCE_DATE_EPOCH``: the time of all that does not come with the code."""

LEAST = 1 << 20
"""Bytes of files that make a part worth its while; fewer go with the layers above them."""

MOST_GROUPS = 8
"""Of more than that the lowest are one: what seldom changes may change together."""

ENTRY = 512
"""What a file or directory counts beside its content: its header in the tar stream."""

TOP = b'app'
MARK = CODE_MARK.encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Layers that are packed together: ``own`` are indices into the names of ``Layers``.

    ``hidden`` are paths of the group that layers above hide or replace, with all below them. ``last`` ends the archive.
    """

    key: str
    own: range
    hidden: frozenset[bytes]
    mtime: int
    last: bool


def group_layers(layers: Layers, mtime: int, code_steps: int = 0) -> Sequence[Group]:
    """The groups, the lowest first. Layers from the code on are the last one, and the only one with ``mtime``.

    The code begins at its mark; where there is none, with the last ``code_steps`` steps of the Dockerfile. If neither
    is there, or the layers are not known for certain, all are one group. Raises OSError.
    """
    with ExitStack() as opened:
        diffs = [_opened(layers, name, opened) for name in layers.names]
        code = _code(layers, diffs, code_steps) if layers.contents else None
        runs = [range(len(diffs))] if code is None else _runs(diffs, code)
        groups = [_group(layers, diffs, run, STEP_TIME, False) for run in runs[:-1]]
        return [*groups, _group(layers, diffs, runs[-1], mtime, True)]


def holds_much(layers: Layers, folders: Iterable[bytes]) -> bool:
    """Whether one of the directories (``app/heroku``) has a megabyte or more in the layers. Raises OSError."""
    with ExitStack() as opened:
        diffs = [_opened(layers, name, opened) for name in layers.names]
        return any(
            sum(_weight(diff + b'/' + folder, LEAST) for diff in diffs if _leads_to(diff, folder)) >= LEAST
            for folder in folders
        )


def _leads_to(diff: bytes, folder: bytes) -> bool:
    """Whether all that the path goes through are directories of the layer: behind a symlink lies the host."""
    parts = folder.split(b'/')
    modes = (_mode(b'/'.join([diff, *parts[:count]])) for count in range(1, len(parts)))
    return all(mode is not None and stat.S_ISDIR(mode) for mode in modes)


def _opened(layers: Layers, name: str, opened: ExitStack) -> bytes:
    """A short path of a layer's files, as long as ``opened`` lasts: theirs may have 4,000 bytes, and all at most 4,096."""
    descriptor = os.open(layers.root / name / 'diff', os.O_PATH | os.O_DIRECTORY)
    opened.callback(os.close, descriptor)
    return b'/proc/self/fd/%d' % descriptor


def _code(layers: Layers, diffs: Sequence[bytes], code_steps: int) -> int | None:
    """The lowest layer of the code. Indices count from the uppermost layer, as the names do."""
    marked = next((at for at in reversed(range(len(diffs))) if os.path.lexists(diffs[at] + MARK)), None)
    if marked is not None or not code_steps:
        return marked
    return next((at for at, steps in enumerate(layers.steps) if steps >= code_steps), None)


def _runs(diffs: Sequence[bytes], code: int) -> list[range]:
    """The layers of each group, the lowest first."""
    count = len(diffs)
    found, upto, weight = [], count, 0
    for at in reversed(range(code + 1, count)):
        weight += _weight(diffs[at] + b'/' + TOP, LEAST - weight)
        if weight >= LEAST:
            found.append(range(at, upto))
            upto, weight = at, 0
    if (surplus := len(found) + 1 - MOST_GROUPS) > 0:
        found[: surplus + 1] = [range(found[surplus].start, count)]
    return [*found, range(upto)]


def _group(layers: Layers, diffs: Sequence[bytes], own: range, mtime: int, last: bool) -> Group:
    hidden, modes = _covered(diffs[own.start : own.stop], diffs[: own.start])
    digest = hashlib.sha256(f'{FORMAT}\n{mtime} {last} {len(diffs) - own.stop}\n'.encode())
    for content in layers.contents[own.start :] or layers.names:
        digest.update(f'{content}\n'.encode())
    for path in sorted(hidden):
        digest.update(b'hidden ' + path + b'\0')
    for path, mode in sorted(modes.items()):
        digest.update(b'mode %o ' % mode + path + b'\0')
    return Group(
        key=digest.hexdigest(),
        own=own,
        hidden=frozenset(hidden),
        mtime=mtime,
        last=last,
    )


def _covered(lower: Sequence[bytes], uppers: Sequence[bytes]) -> tuple[set[bytes], Mapping[bytes, int]]:
    """What ``uppers`` hide of ``lower`` (layers, uppermost first), and the modes that they give its directories."""
    hidden: set[bytes] = set()
    modes: dict[bytes, int] = {}
    for upper in reversed(uppers):
        for path, mode in _cover(lower, upper, b''):
            if mode is None:
                hidden.add(path)
            else:
                modes[path] = mode
    return hidden, modes


def _cover(lower: Sequence[bytes], upper: bytes, at: bytes) -> Iterator[tuple[bytes, int | None]]:
    """For each path below ``at`` that both have: the upper mode of a directory that both share, or None: it is hidden.

    Only directories that both have are looked into, so the size of either alone costs nothing.
    """
    for name in [TOP] if not at else sorted(os.listdir(upper + at)):
        path = at + b'/' + name
        mode = _mode(upper + path)
        if mode is None:
            continue
        beneath = _merged(lower, path)
        if beneath is None:
            continue
        if not beneath or not stat.S_ISDIR(mode) or is_opaque(upper + path):
            yield path[1:], None
        else:
            yield path[1:], mode & 0o777
            yield from _cover(beneath, upper, path)


def _merged(lower: Sequence[bytes], path: bytes) -> Sequence[bytes] | None:
    """The layers whose directories at ``path`` are seen as one; empty for anything else than a directory, None for
    nothing."""
    found: list[bytes] = []
    for layer in lower:
        mode = _mode(layer + path)
        if mode is None:
            continue
        if not stat.S_ISDIR(mode):
            return found or (None if mode == 0 else [])
        found.append(layer)
        if is_opaque(layer + path):
            break
    return found or None


def _mode(path: bytes) -> int | None:
    """The mode of what stands there; 0 for a whiteout, None for nothing."""
    try:
        found = os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    return 0 if stat.S_ISCHR(found.st_mode) and found.st_rdev == 0 else found.st_mode


def _weight(folder: bytes, enough: int) -> int:
    """The bytes below a layer's directory, counted until there are ``enough``."""
    mode = _mode(folder)
    if mode is None or not stat.S_ISDIR(mode):
        return 0
    weight, waiting = 0, [folder]
    while waiting and weight < enough:
        with os.scandir(waiting.pop()) as entries:
            for entry in sorted(entries, key=lambda entry: entry.name):
                weight += ENTRY
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
                elif entry.is_file(follow_symlinks=False):
                    weight += entry.stat(follow_symlinks=False).st_size
                if weight >= enough:
                    break
    return weight
