"""The run images of stacks, exported from the engine once, layer by layer, for a registry to serve.

The layers lie gzipped in a directory of their own for each image, ``sha256-<id>/``, with ``layers.json`` written last.
"""

import gzip
import hashlib
import io
import json
import os
import shutil
import tarfile
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any, cast

from docker import APIClient
from docker.errors import ImageNotFound
from isal import igzip

from gitreceive.adapters.docker.engine import Engine
from gitreceive.model.errors import StackError, StateError
from gitreceive.model.stackimages import making
from gitreceive.slugs.images import BaseImage, Layer

INDEX = 'layers.json'
MANIFEST = 'manifest.json'
SMALL = 1 << 20
"""Bytes: what is shorter may be one of the JSON documents of an exported image, and is kept in memory too."""

GZIP = b'\x1f\x8b'
PIECE = 1 << 20
LEVEL = 1


class ExportedBaseImages:
    """Exports into ``folder``. ``images`` has the name of each stack's run image. Thread-safe."""

    def __init__(self, engine: Engine, folder: Path, images: Callable[[str], str]) -> None:
        self._engine, self._folder, self._images = engine, folder, images
        self._lock = threading.Lock()
        self._known: dict[str, tuple[BaseImage, Path]] = {}

    def image(self, stack: str) -> BaseImage:
        """See ``slugs.published.BaseImages``."""
        name = self._images(stack)
        with self._lock, self._engine.connect() as client:
            with self._engine.errors(f'was asked for {name}'):
                try:
                    identity = str(client.inspect_image(name)['Id'])  # type: ignore[no-untyped-call]
                except ImageNotFound as error:
                    raise StackError(f'the engine has no image {name}: run "{making(name)}"') from error
            if identity not in self._known:
                place = self._folder / identity.replace(':', '-')
                if not (place / INDEX).exists():
                    _export(self._engine, client, name, place)
                self._known[identity] = (_read(place), place)
            return self._known[identity][0]

    @contextmanager
    def open(self, digest: str) -> Iterator[IO[bytes]]:
        """See ``slugs.published.BaseImages``. Raises StateError if it is gone."""
        for image, place in list(self._known.values()):
            if any(layer.digest == digest for layer in image.layers):
                with (place / _file(digest)).open('rb') as file:
                    yield file
                return
        raise StateError(f'no run image has the layer {digest}')


def _export(engine: Engine, client: APIClient, name: str, place: Path) -> None:
    """Whole or not at all. Raises what the engine raises, and StateError for the directory."""
    try:
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(prefix='.new-', dir=place.parent))
    except OSError as error:
        raise StateError(f'cannot make {place}: {error.strerror}') from error
    try:
        with engine.save(client, name) as stream:
            _fill(stream, fresh)
        shutil.rmtree(place, ignore_errors=True)
        os.rename(fresh, place)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _fill(stream: IO[bytes], fresh: Path) -> None:
    """Packs every file of the export: which of them are layers is said at its end."""
    packed: dict[str, Layer] = {}
    documents: dict[str, bytes] = {}
    links: dict[str, str] = {}
    with tarfile.open(fileobj=stream, mode='r|') as tar:
        for entry in tar:
            if entry.issym():
                links[entry.name] = os.path.normpath(
                    os.path.join(os.path.dirname(entry.name), entry.linkname)
                )
            content = tar.extractfile(entry) if entry.isreg() else None
            if content is None:
                continue
            if entry.size < SMALL:
                documents[entry.name] = content.read()
                content = io.BytesIO(documents[entry.name])
            packed[entry.name] = _pack(content, fresh)
    (manifest,) = json.loads(documents[MANIFEST])
    layers = [packed[links.get(path, path)] for path in manifest['Layers']]
    _keep(fresh, {_file(layer.digest) for layer in layers})
    (fresh / INDEX).write_text(_index(json.loads(documents[manifest['Config']]), layers))


def _index(config: Mapping[str, Any], layers: Sequence[Layer]) -> str:
    return json.dumps(
        {
            'architecture': config['architecture'],
            'env': config['config'].get('Env') or [],
            'layers': [asdict(layer) for layer in layers],
        }
    )


def _pack(content: IO[bytes], folder: Path) -> Layer:
    """Gzips a file; one that the engine has gzipped already is unpacked first, so that all are packed alike."""
    buffered = io.BufferedReader(cast(io.RawIOBase, content), PIECE)
    gzipped = buffered.peek(2).startswith(GZIP)
    plain = cast(IO[bytes], gzip.GzipFile(fileobj=buffered) if gzipped else buffered)
    target, tar = folder / 'packing', hashlib.sha256()
    with target.open('wb') as file:
        packed = cast(IO[bytes], igzip.IGzipFile('', 'wb', LEVEL, file, 0))  # type: ignore[no-untyped-call]
        with packed:
            while piece := plain.read(PIECE):
                tar.update(piece)
                packed.write(piece)
    with target.open('rb') as file:
        digest = f'sha256:{hashlib.file_digest(file, "sha256").hexdigest()}'
    size = target.stat().st_size
    target.rename(folder / _file(digest))
    return Layer(digest=digest, diff_id=f'sha256:{tar.hexdigest()}', size=size)


def _file(digest: str) -> str:
    return digest.removeprefix('sha256:') + '.gz'


def _keep(folder: Path, names: set[str]) -> None:
    for path in folder.iterdir():
        if path.name not in names:
            path.unlink()


def _read(place: Path) -> BaseImage:
    try:
        index: Mapping[str, Any] = json.loads((place / INDEX).read_text())
        return BaseImage(
            architecture=str(index['architecture']),
            env=tuple(map(str, index['env'])),
            layers=tuple(Layer(**each) for each in index['layers']),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StateError(f'the exported run image in {place} cannot be used: {error}; remove it') from error
