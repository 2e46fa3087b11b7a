"""Gives another app a slug of an app: the same bytes under its own name."""

import hashlib
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from gitreceive.model.app import AppName
from gitreceive.model.errors import StorageError
from gitreceive.slugs.names import FACTS, chunk_name, slug_name
from gitreceive.slugs.ports import Composing
from gitreceive.slugs.stored import chunks_of, compose_slug, facts_json, read_manifest
from gitreceive.slugs.verified import checksum_of, put_verified

PIECE = 1 << 20

Check = Callable[[], None]


def copy_slug(
    storage: Composing, source: AppName, sha256: str, target: AppName, *, work: Path, check: Check
) -> None:
    """Stores all of a slug for ``target``, its facts last. ``work`` is a directory for files; ``check`` may raise.

    Raises NoSuchObject if ``source`` has no such slug, StorageError.
    """
    manifest = read_manifest(storage, source, sha256)
    chunks = chunks_of(manifest)
    for chunk in chunks:
        check()
        if storage.size(chunk_name(target, chunk.sha256)) != chunk.size:
            names = chunk_name(source, chunk.sha256), chunk_name(target, chunk.sha256)
            if not _copied_there(storage, *names, chunk.sha256):
                _copy(storage, *names, work, chunk.sha256)
    if chunks:
        compose_slug(storage, target, sha256, int(str(manifest['size'])), chunks)
    else:
        _copy(storage, slug_name(source, sha256), slug_name(target, sha256), work, sha256)
    _put(storage, slug_name(target, sha256, FACTS), facts_json({**manifest, 'app': target}), work)


def _copied_there(storage: Composing, source: str, target: str, checksum: str) -> bool:
    """Lets the service copy it, so that nothing is sent from here; False if that is not what it should be.

    On this host that would not be waited for the disk, and the other one may be removed next.
    """
    if not storage.keeps_parts or storage.url(target).startswith('file:'):
        return False
    storage.compose(target, [source])
    return checksum_of(storage, target) == checksum


def _copy(storage: Composing, source: str, target: str, work: Path, checksum: str) -> None:
    with _file(work) as path, storage.open(source) as stream:
        try:
            with path.open('wb') as file:
                while piece := stream.read(PIECE):
                    file.write(piece)
        except OSError as error:
            raise StorageError(f'cannot write {path}: {error.strerror}') from error
        put_verified(storage, target, path, checksum)


def _put(storage: Composing, name: str, content: bytes, work: Path) -> None:
    with _file(work) as path:
        try:
            path.write_bytes(content)
        except OSError as error:
            raise StorageError(f'cannot write {path}: {error.strerror}') from error
        put_verified(storage, name, path, hashlib.sha256(content).hexdigest())


@contextmanager
def _file(work: Path) -> Iterator[Path]:
    work.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=work) as folder:
        yield Path(folder) / 'object'
