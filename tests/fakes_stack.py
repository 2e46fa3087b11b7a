"""A stand-in for the engine that stacks are made in, which keeps its port's promises."""

import hashlib
import tarfile
from collections.abc import Callable, Mapping, Sequence
from typing import IO

from gitreceive.model.errors import StackError
from gitreceive.stack.ports import FoundImage, Inside


def printing_nothing(inside: Inside) -> str:
    """A script that does its work in silence."""
    return ''


class FakeStackEngine:
    """Images that exist in memory. ``run`` is what a script does: it returns its output, or raises StackError."""

    def __init__(self, run: Callable[[Inside], str] = printing_nothing) -> None:
        self._run = run
        self._files: dict[str, Mapping[str, bytes]] = {}
        self._images: dict[str, FoundImage] = {}
        self.names: dict[str, str] = {}
        self.run_in: list[tuple[str, Inside]] = []

    def find(self, name: str) -> FoundImage | None:
        return self._images.get(self.names.get(name, name))

    def import_root(self, root: IO[bytes], changes: Sequence[str]) -> str:
        try:
            with tarfile.open(fileobj=root, mode='r|') as tar:
                opened = ((entry.name.removeprefix('./'), tar.extractfile(entry)) for entry in tar)
                files = {name: file.read() for name, file in opened if file}
        except tarfile.TarError as error:
            raise StackError(f'the engine did not import the root: {error}') from error
        return self._add(files, changes)

    def commit_on_top(self, base_id: str, changes: Sequence[str], inside: Inside) -> tuple[str, str]:
        if base_id not in self._images:
            raise StackError(f'no such image: {base_id}')
        self.run_in.append((base_id, inside))
        for part in inside.parts:
            assert (inside.work / part).exists(), part
        printed = self._run(inside)
        return self._add(self._files[base_id], [*changes, f'# on {base_id}']), printed

    def name(self, image_id: str, name: str) -> None:
        if image_id not in self._images:
            raise StackError(f'no such image: {image_id}')
        self.names[name] = image_id

    def discard(self, image_id: str) -> None:
        self._images.pop(image_id, None)

    def read_file(self, image_id: str, path: str) -> bytes:
        found = self._files.get(image_id, {}).get(path.lstrip('/'))
        if found is None:
            raise StackError(f'no such file: {path} of {image_id}')
        return found

    def unnamed(self) -> set[str]:
        """The images that have no name."""
        return set(self._images) - set(self.names.values())

    def _add(self, files: Mapping[str, bytes], changes: Sequence[str]) -> str:
        text = f'{len(self._files)}{sorted(files)}{changes}'
        image_id = f'sha256:{hashlib.sha256(text.encode()).hexdigest()}'
        pairs = (line.removeprefix('LABEL ').split('=', 1) for line in changes if line.startswith('LABEL '))
        labels = {key.strip('"'): value.strip('"') for key, value in pairs}
        self._images[image_id], self._files[image_id] = FoundImage(id=image_id, labels=labels), files
        return image_id
