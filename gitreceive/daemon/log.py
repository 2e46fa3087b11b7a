"""The logs of operations: files that only grow, and those who are woken when they do."""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

from gitreceive.config.home import Home
from gitreceive.model.errors import StateError
from gitreceive.model.text import bounded, harmless, wrapped

LINE_BYTES = 980
"""A longer line is broken: git's side band carries at most 999 bytes for old clients, prefix included."""


def _same(text: str) -> str:
    return text


def _nobody() -> None:
    return


class OperationLog:
    """Writes a log in the grammar of the push output; satisfies the ``Console`` port. Thread-safe.

    ``masked`` hides what must not be read; ``wake`` is called after each write. Beyond ``limit`` bytes a last line says
    so, and the rest is dropped; the operation goes on.
    """

    def __init__(
        self,
        path: Path,
        limit: int,
        masked: Callable[[str], str] = _same,
        wake: Callable[[], None] = _nobody,
    ) -> None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._left = limit - os.fstat(self._file).st_size
        self._path, self._masked, self._wake = path, masked, wake
        self._lock = threading.Lock()

    def __enter__(self) -> 'OperationLog':
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        os.close(self._file)

    def step(self, text: str) -> None:
        """Writes a step: ``-----> text``."""
        self._write('-----> ', text)

    def detail(self, text: str) -> None:
        """Writes a detail: ``       text``."""
        self._write('       ', text)

    def warn(self, text: str) -> None:
        """Writes a warning: `` !     text``."""
        self._write(' !     ', text)

    def _write(self, lead: str, text: str) -> None:
        lines = ''.join(_lines(lead, self._masked(harmless(text))))
        with self._lock:
            if self._left <= 0:
                return
            data = lines.encode()
            self._left -= len(data)
            if self._left <= 0:
                data = b' !     The log has reached its limit; the build goes on without it\n'
            self._append(data)
        self._wake()

    def _append(self, data: bytes) -> None:
        try:
            while data:
                data = data[os.write(self._file, data) :]
        except OSError as error:
            raise StateError(
                f'cannot write the log {self._path}: {error.strerror}; make room there'
            ) from error


class Logs:
    """The logs of one receiver. ``limit`` is the most bytes of each."""

    def __init__(self, home: Home, limit: int) -> None:
        self._home, self._limit = home, limit
        self._lock = threading.Lock()
        self._listeners: dict[int, set[threading.Event]] = {}

    def open(self, number: int, masked: Callable[[str], str] = _same) -> OperationLog:
        """The log of an operation, to be written on. Raises StateError or OSError."""
        return OperationLog(self._home.log(number), self._limit, masked, lambda: self.wake(number))

    def wake(self, number: int) -> None:
        """Tells those who follow the operation that there is something new: lines, or its end."""
        with self._lock:
            for listener in self._listeners.get(number, ()):
                listener.set()

    def wake_all(self) -> None:
        """Tells all of them."""
        with self._lock:
            for listeners in self._listeners.values():
                for listener in listeners:
                    listener.set()

    @contextmanager
    def listening(self, number: int) -> Iterator[threading.Event]:
        """An event that is set whenever there is something new. Clear it, look, then wait for it."""
        event = threading.Event()
        with self._lock:
            self._listeners.setdefault(number, set()).add(event)
        try:
            yield event
        finally:
            with self._lock:
                self._listeners[number].discard(event)
                if not self._listeners[number]:
                    del self._listeners[number]


def shown(lead: str, text: str) -> list[str]:
    """``text`` as finished lines, each with ``lead`` in front, harmless and of a bearable length."""
    return _lines(lead, harmless(text))


def warning(text: str) -> bytes:
    """`` !     text``, as a piece of an answer."""
    return ''.join(shown(' !     ', text)).encode()


def _lines(lead: str, text: str) -> list[str]:
    room = LINE_BYTES - len(lead) - 1
    lines = (bounded(line.rstrip()) for line in text.split('\n'))
    return [f'{lead}{piece}'.rstrip() + '\n' for line in lines for piece in wrapped(line, room)]
