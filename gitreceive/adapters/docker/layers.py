"""The layers of an image as directories of this machine, where the engine keeps them so (overlay2)."""

import contextlib
import hashlib
import json
import os
import re
import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from docker import APIClient

from gitreceive.adapters.docker.engine import Engine

LINK = re.compile('[A-Z0-9]{26}')
STEP = re.compile(r'(?:RUN|COPY|ADD)\s')
"""How BuildKit begins what it writes of an instruction that makes a layer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layers:
    """``root`` is the engine's ``overlay2`` directory; ``names`` its layers' names there, the uppermost first.

    ``contents`` are the layers' digests in the same order, as the image lists them (``diff_ids``); empty if they are
    not known for certain. So are ``steps``: how many RUN, COPY and ADD instructions have made a layer and those above.
    """

    root: Path
    names: Sequence[str]
    contents: Sequence[str] = ()
    steps: Sequence[int] = ()

    def links(self) -> Sequence[str]:
        """The layers' short names relative to ``root`` (``l/ABC...``): a mount's options have room for 4,096 bytes."""
        found = [(self.root / name / 'link').read_text('ascii').strip() for name in self.names]
        if not all(LINK.fullmatch(link) for link in found):
            raise OSError('a layer has no short name')
        return [f'l/{link}' for link in found]

    def read(self, path: str, limit: int) -> bytes | None:
        """The first ``limit`` bytes of a regular file of the image; None if there is none. No symlink is followed."""
        parts = path.strip('/').split('/')
        for name in self.names:
            with contextlib.suppress(FileNotFoundError):
                return _read_below(self.root / name / 'diff', parts, limit)
        return None


def _read_below(top: Path, parts: Sequence[str], limit: int) -> bytes | None:
    """A file of one layer. FileNotFoundError: lower layers decide; None: this layer hides what they have."""
    with contextlib.ExitStack() as opened:
        at, opaque = os.open(top, os.O_PATH | os.O_DIRECTORY), False
        opened.callback(os.close, at)
        for part in parts:
            opaque = opaque or is_opaque(f'/proc/self/fd/{at}')
            try:
                at = os.open(part, os.O_PATH | os.O_NOFOLLOW, dir_fd=at)
            except FileNotFoundError:
                if opaque:
                    return None
                raise
            except NotADirectoryError:
                return None
            opened.callback(os.close, at)
        if not stat.S_ISREG(os.fstat(at).st_mode):
            return None
        with open(f'/proc/self/fd/{at}', 'rb') as file:
            return file.read(limit)


def is_opaque(folder: str | bytes) -> bool:
    """Whether a directory hides its namesakes in lower layers (kernel documentation, "Overlay Filesystem")."""
    for name in ('trusted.overlay.opaque', 'user.overlay.opaque'):
        with contextlib.suppress(OSError):
            if os.getxattr(folder, name) == b'y':
                return True
    return False


def image_layers(engine: Engine, client: APIClient, image: str) -> Layers | None:
    """The image's layers, or None where this process cannot reach them: another driver, another machine, not root."""
    if os.geteuid() != 0:
        return None
    with engine.errors(f'looked at image {image[:19]}'):
        about = client.inspect_image(image)  # type: ignore[no-untyped-call]
    driver = about.get('GraphDriver') or {}
    data = driver.get('Data') or {}
    if driver.get('Name') != 'overlay2' or 'UpperDir' not in data:
        return None
    folders = [Path(text) for text in _diffs(data)]
    roots = {folder.parent.parent for folder in folders}
    if len(roots) != 1 or not all(folder.name == 'diff' and folder.is_dir() for folder in folders):
        return None
    contents = tuple(reversed((about.get('RootFS') or {}).get('Layers') or ()))
    root = roots.pop()
    steps = steps_of_layers(_history(root, about['Id']))
    return Layers(
        root=root,
        names=tuple(folder.parent.name for folder in folders),
        contents=contents if len(contents) == len(folders) else (),
        steps=steps if len(steps) == len(folders) else (),
    )


def steps_of_layers(history: Sequence[Mapping[str, object]]) -> Sequence[int]:
    """See ``Layers.steps``. ``history`` is that of an image's configuration, the lowest first. Pure.

    OCI Image Format Specification, "OCI Image Configuration": an entry with ``empty_layer`` has made none.
    """
    found, steps = [], 0
    for entry in reversed(history):
        steps += bool(STEP.match(str(entry.get('created_by', ''))))
        if not entry.get('empty_layer'):
            found.append(steps)
    return tuple(found)


def _history(root: Path, image: str) -> Sequence[Mapping[str, object]]:
    """The history in the configuration that the engine keeps beside its layers; its API does not tell which entries
    have a layer. Empty if it is not there, or not the one that the image is named after."""
    name = image.removeprefix('sha256:')
    place = root.parent / 'image' / 'overlay2' / 'imagedb' / 'content' / 'sha256' / name
    try:
        content = place.read_bytes()
    except OSError:
        return ()
    if hashlib.sha256(content).hexdigest() != name:
        return ()
    found = json.loads(content).get('history')
    return found if isinstance(found, list) else ()


def _diffs(data: dict[str, str]) -> Iterator[str]:
    yield data['UpperDir']
    yield from (text for text in data.get('LowerDir', '').split(':') if text)
