"""What was sent to a server that cannot say what it has, and under which number, if its URLs have a ``{version}``.

A slug is sent before its release has a number. It gets the one that the next release will have: builds of an app come
one after the other. The number is noted before anything is sent and stays with the slug, whatever is released meanwhile.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import NamedTemporaryFile

from gitreceive.adapters.storage.file import FileStorage
from gitreceive.adapters.storage.template import split
from gitreceive.model.errors import NoSuchObject
from gitreceive.slugs.names import KINDS

Versions = Callable[[str, str], tuple[int | None, int]]
"""Of an app and a slug's checksum: the first release with that slug, if there is one, and the next release's number."""

DIGITS = 20
NOTHING = Path(os.devnull)


class Sent:
    """The names of what was sent: a file for each below ``folder``, empty or with the number."""

    def __init__(self, folder: Path, versions: Versions | None, *, alone: bool = False) -> None:
        """``versions`` if there are numbers; ``alone``: the number is all that tells an app's slugs apart."""
        self._notes = FileStorage(folder)
        self._versions = versions
        self._alone = alone

    def version(self, name: str) -> int:
        """The number in the URL of an object; 0 without numbers."""
        if self._versions is None:
            return 0
        app, sha256, _ = split(name)
        noted = (self._read(f'{app}/{sha256}{kind}') for kind in KINDS)
        return next(filter(None, noted), 0) or self._given(app, sha256)

    def note(self, name: str) -> None:
        """Remembers an object that is about to be sent. Whatever is where it goes was never released, and is forgotten."""
        version = self.version(name)
        if self._alone:
            app, sha256, _ = split(name)
            for other in list(self._notes.list(f'{app}/')):
                if split(other)[1] != sha256 and self._read(other) == version:
                    self._notes.delete(other)
        self._write(name, version)

    def owns(self, name: str) -> bool:
        """Whether what is at the URL of that name can be this object: a number without a note may be another slug's."""
        return self._versions is None or name in self.list(name)

    def list(self, prefix: str = '') -> Iterator[str]:
        """The names that begin with ``prefix``, sorted."""
        return self._notes.list(prefix)

    def forget(self, name: str) -> None:
        """It was deleted."""
        self._notes.delete(name)

    def sweep(self) -> int:
        """Removes what a death in ``note`` left behind; returns how many files."""
        return self._notes.sweep()

    def _given(self, app: str, sha256: str) -> int:
        first, coming = self._versions(app, sha256) if self._versions else (0, 0)
        return first or coming

    def _read(self, name: str) -> int:
        try:
            with self._notes.open(name) as note:
                return int(note.read(DIGITS) or b'0')
        except (NoSuchObject, ValueError):
            return 0

    def _write(self, name: str, version: int) -> None:
        if not version:
            self._notes.put(name, NOTHING)
            return
        with NamedTemporaryFile() as file:
            file.write(b'%d' % version)
            file.flush()
            self._notes.put(name, Path(file.name))
