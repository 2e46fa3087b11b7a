"""A storage in memory. It passes the same contract suite as the real ones."""

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from gitreceive.adapters.storage.file import NAME
from gitreceive.model.errors import NoSuchObject, StorageError


class MemoryStorage:
    """Objects in a dictionary; satisfies ``Composing``. ``damage`` is applied to the bytes of so many next puts, as a bad disk would."""

    keeps_parts = True

    def __init__(self, damage: int = 0) -> None:
        self.objects: dict[str, bytes] = {}
        self.damage = damage
        self.puts = 0

    def put(self, name: str, file: Path) -> str:
        self._check(name)
        content = file.read_bytes()
        self.puts += 1
        if self.damage:
            self.damage -= 1
            content = content[:-1]
        self.objects[name] = content
        return self.url(name)

    def url(self, name: str) -> str:
        return f'memory:/{name}'

    @contextmanager
    def open(self, name: str) -> Iterator[IO[bytes]]:
        self._check(name)
        if name not in self.objects:
            raise NoSuchObject(f'{name}: there is no such object')
        yield io.BytesIO(self.objects[name])

    def size(self, name: str) -> int | None:
        self._check(name)
        return len(self.objects[name]) if name in self.objects else None

    def compose(self, name: str, parts: Sequence[str], instead_of: str = '') -> str:
        self._check(name)
        for part in parts:
            if part not in self.objects:
                raise StorageError(f'{part}: there is no such object')
        self.objects[name] = b''.join(self.objects[part] for part in parts)
        return self.url(name)

    def list(self, prefix: str = '') -> Iterator[str]:
        return (name for name in sorted(self.objects) if name.startswith(prefix))

    def delete(self, name: str) -> None:
        self._check(name)
        self.objects.pop(name, None)

    def sweep(self) -> int:
        return 0

    def _check(self, name: str) -> None:
        if not NAME.fullmatch(name):
            raise StorageError(f'{ascii(name)} is not a name of an object')


class WholeStorage:
    """A storage in memory that composes nothing."""

    def __init__(self) -> None:
        self.inner = MemoryStorage()
        self.objects = self.inner.objects
        self.put, self.url, self.open = self.inner.put, self.inner.url, self.inner.open
        self.list, self.delete, self.sweep = self.inner.list, self.inner.delete, self.inner.sweep
