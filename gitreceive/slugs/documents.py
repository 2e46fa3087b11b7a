"""Puts a bill of materials and a provenance beside each slug, after its release was recorded."""

import hashlib
import tempfile
from pathlib import Path

from gitreceive.model.app import AppName
from gitreceive.model.errors import StateError
from gitreceive.model.release import Release
from gitreceive.points import point
from gitreceive.slugs.lock import keeping
from gitreceive.slugs.names import PROVENANCE, SBOM, slug_name
from gitreceive.slugs.parts import parts
from gitreceive.slugs.provenance import Origin, provenance
from gitreceive.slugs.retention import Keeper
from gitreceive.slugs.sbom import Inventory, bill_of_materials
from gitreceive.slugs.stored import read_manifest
from gitreceive.slugs.verified import put_verified

DOCUMENTS = (SBOM, PROVENANCE)


def undocumented(app: AppName, keeper: Keeper) -> list[Release]:
    """The kept releases whose slugs lack a document, as far as is recorded."""
    return [
        release
        for release in releases_of_slugs(app, keeper)
        if set(DOCUMENTS) - keeper.journal.slugs.documents(app, release.slug.sha256).keys()
    ]


def write_documents(release: Release, keeper: Keeper, inventory: Inventory) -> None:
    """Makes what is missing beside a release's slug. A crash in between is made good by the next call.

    Raises SlugError or StorageError.
    """
    with keeping(release.app, keeper.home):
        recorded = keeper.journal.slugs.documents(release.app, release.slug.sha256)
        for kind in DOCUMENTS:
            if kind not in recorded:
                write_document(release, kind, keeper, inventory)
                point('document.stored')


def releases_of_slugs(app: AppName, keeper: Keeper) -> list[Release]:
    """The kept releases, oldest first, each slug once: of releases that share one the oldest has made it."""
    found: dict[str, Release] = {}
    for release in reversed(keeper.releases(app)):
        found.setdefault(release.slug.sha256, release)
    return list(found.values())


def write_document(release: Release, kind: str, keeper: Keeper, inventory: Inventory) -> None:
    """Makes, stores and records one document. The caller keeps the app's slugs."""
    slug = release.slug.sha256
    content = _content(release, kind, keeper, inventory)
    checksum = hashlib.sha256(content).hexdigest()
    keeper.home.work.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=keeper.home.work) as folder:
        file = Path(folder, 'document')
        file.write_bytes(content)
        put_verified(keeper.storage, slug_name(release.app, slug, kind), file, checksum)
    keeper.journal.slugs.record_document(release.app, slug, kind, checksum)


def _content(release: Release, kind: str, keeper: Keeper, inventory: Inventory) -> bytes:
    if kind == SBOM:
        return bill_of_materials(release, parts(keeper.storage, release.app, release.slug.sha256), inventory)
    operation = keeper.journal.operations.get(release.operation)
    if operation is None:
        raise StateError(
            f'the journal has no operation {release.operation}, which made {release.app} v{release.version}'
        )
    facts = read_manifest(keeper.storage, release.app, release.slug.sha256)
    origin = Origin(
        operation=operation,
        ref=keeper.journal.apps.deploy_branch(release.app) or '',
        config=keeper.journal.releases.config(release),
        host=keeper.host,
    )
    return provenance(release, origin, facts)
