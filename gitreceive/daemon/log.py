"""The log of a build: a file that only grows, and the way to follow it while it does."""

import os
import threading
from pathlib import Path
from types import TracebackType

from gitreceive.model.errors import StateError
from gitreceive.model.text import MAX_LINE, harmless, wrapped

LINE_BYTES = 980
"""A longer line is broken: git's side band carries at most 999 bytes for old clients, prefix included."""


class BuildLog:
    """Writes a log in the grammar of the push output; satisfies the ``Console`` port. Thread-safe.

    Beyond ``limit`` bytes a last line says so, and the rest is dropped; the build goes on.
    """

    def __init__(self, path: Path, limit: int) -> None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._left = limit - os.fstat(self._file).st_size
        self._path = path
        self._lock = threading.Lock()

    def __enter__(self) -> 'BuildLog':
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        os.close(self._file)

    def step(self, text: str) -> None:
        """``-----> text``"""
        self._write('-----> ', text)

    def detail(self, text: str) -> None:
        """``       text``"""
        self._write('       ', text)

    def warn(self, text: str) -> None:
        """`` !     text``"""
        self._write(' !     ', text)

    def _write(self, lead: str, text: str) -> None:
        lines = ''.join(shown(lead, text))
        with self._lock:
            if self._left <= 0:
                return
            data = lines.encode()
            self._left -= len(data)
            if self._left <= 0:
                data = b' !     The log has reached its limit; the build goes on without it\n'
            self._append(data)

    def _append(self, data: bytes) -> None:
        try:
            while data:
                data = data[os.write(self._file, data) :]
        except OSError as error:
            raise StateError(
                f'cannot write the log {self._path}: {error.strerror}; make room there'
            ) from error


def shown(lead: str, text: str) -> list[str]:
    """``text`` as finished lines, each with ``lead`` in front, harmless and of a bearable length."""
    room = LINE_BYTES - len(lead) - 1
    lines = (line.rstrip()[:MAX_LINE] for line in harmless(text).split('\n'))
    return [f'{lead}{piece}'.rstrip() + '\n' for line in lines for piece in wrapped(line, room)]
