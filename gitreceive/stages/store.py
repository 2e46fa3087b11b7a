"""Stores a slug and what there is to say about it, and does not believe the storage before it has read both back."""

import contextlib
import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from gitreceive.errors import StorageError
from gitreceive.model import Slug, StoredSlug
from gitreceive.ports import Storage

PIECE = 1 << 20
TRIES = 2


def store_slug(slug: Slug, about: Mapping[str, object], storage: Storage, name_prefix: str) -> StoredSlug:
    """Puts ``<name_prefix>/<sha256>.tgz`` and then ``.json`` beside it: whoever sees the second finds the first.

    ``about`` (app, commit, stack, buildpack, versions, process_types) is stored with the slug's checksum and size. An
    object that is there already and has the right bytes is not sent again. Raises StorageError; what does not match
    after two tries is deleted.
    """
    name = f'{name_prefix}/{slug.sha256}'
    url = _put(storage, f'{name}.tgz', slug.path, slug.sha256)
    with _described(slug, about) as (file, checksum):
        _put(storage, f'{name}.json', file, checksum)
    return StoredSlug(url=url, sha256=slug.sha256, size=slug.size)


def slug_json(slug: Slug, about: Mapping[str, object]) -> bytes:
    """The content of ``slug.json``: the same facts are the same bytes. Pure."""
    facts = {**about, 'sha256': slug.sha256, 'size': slug.size}
    return json.dumps(facts, sort_keys=True, ensure_ascii=False, separators=(',', ':')).encode() + b'\n'


def _put(storage: Storage, name: str, file: Path, checksum: str) -> str:
    found = _checksum(storage, name)
    if found == checksum:
        return storage.url(name)
    for _ in range(TRIES):
        url = storage.put(name, file)
        found = _checksum(storage, name)
        if found == checksum:
            return url
        storage.delete(name)
    raise StorageError(
        f'{name} was sent {TRIES} times and came back different (sha256 {found or "of nothing"} instead of {checksum}): '
        'check the disk or the storage service'
    )


def _checksum(storage: Storage, name: str) -> str:
    digest = hashlib.sha256()
    try:
        with storage.open(name) as stream:
            while piece := stream.read(PIECE):
                digest.update(piece)
    except StorageError:
        return ''
    return digest.hexdigest()


@contextmanager
def _described(slug: Slug, about: Mapping[str, object]) -> Iterator[tuple[Path, str]]:
    content = slug_json(slug, about)
    file = slug.path.with_name(slug.path.name + '.json')
    try:
        try:
            file.write_bytes(content)
        except OSError as error:
            raise StorageError(f'cannot write {file}: {error.strerror}') from error
        yield file, hashlib.sha256(content).hexdigest()
    finally:
        with contextlib.suppress(OSError):
            file.unlink(missing_ok=True)
