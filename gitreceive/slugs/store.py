"""Completes a slug whose members are stored: the whole of it in one object, and what there is to say about it."""

import contextlib
import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from gitreceive.model.app import AppName
from gitreceive.model.errors import StorageError
from gitreceive.model.slug import LayeredSlug, StoredSlug
from gitreceive.points import point
from gitreceive.slugs.names import FACTS, slug_name
from gitreceive.slugs.ports import Composing
from gitreceive.slugs.stored import compose_slug
from gitreceive.slugs.verified import put_verified


def store_slug(
    slug: LayeredSlug,
    about: Mapping[str, object],
    storage: Composing,
    app: AppName,
    folder: Path,
    former: str = '',
) -> StoredSlug:
    """Makes ``APP/<sha256>.tgz`` of the slug's members, then puts ``.json``: whoever sees that finds the slug.

    ``about`` (app, commit, stack, buildpack, versions, process_types) is stored with the slug's checksum, size and
    members; ``folder`` is for its file. ``former`` is the checksum of the app's slug whose ``.tgz`` may go, even if this
    fails: its members stay. Raises StorageError.
    """
    compose_slug(storage, app, slug.sha256, slug.size, slug.members, former)
    point('slug.composed')
    with _described(slug, about, folder) as (file, checksum):
        put_verified(storage, slug_name(app, slug.sha256, FACTS), file, checksum)
    return StoredSlug(sha256=slug.sha256, size=slug.size)


def slug_json(slug: LayeredSlug, about: Mapping[str, object]) -> bytes:
    """The content of ``slug.json``: the same facts are the same bytes. Pure."""
    members = [{'sha256': member.sha256, 'size': member.size} for member in slug.members]
    facts = {**about, 'sha256': slug.sha256, 'size': slug.size, 'members': members}
    return json.dumps(facts, sort_keys=True, ensure_ascii=False, separators=(',', ':')).encode() + b'\n'


@contextmanager
def _described(slug: LayeredSlug, about: Mapping[str, object], folder: Path) -> Iterator[tuple[Path, str]]:
    content = slug_json(slug, about)
    file = folder / 'slug.json'
    try:
        try:
            file.write_bytes(content)
        except OSError as error:
            raise StorageError(f'cannot write {file}: {error.strerror}') from error
        yield file, hashlib.sha256(content).hexdigest()
    finally:
        with contextlib.suppress(OSError):
            file.unlink(missing_ok=True)
