"""Puts a bill of materials and a provenance beside each slug, after its release was recorded."""

import hashlib
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from gitreceive.config.home import Home
from gitreceive.journal import Journal
from gitreceive.model.errors import StateError
from gitreceive.model.release import Release
from gitreceive.points import point
from gitreceive.slugs.inventory import Inventory
from gitreceive.slugs.lock import keeping
from gitreceive.slugs.names import PROVENANCE, SBOM, slug_name
from gitreceive.slugs.origin import Origin
from gitreceive.slugs.parts import parts
from gitreceive.slugs.ports import Composing
from gitreceive.slugs.stored import read_manifest
from gitreceive.slugs.verified import put_verified

DOCUMENTS = (SBOM, PROVENANCE)

BILLS, ORIGINS = 'gitreceive.slugs.sbom', 'gitreceive.slugs.provenance'
"""Loaded with the first that is written: the library of the one has every list of licences, that of the other speaks
protobuf; they are 11 MB of an idle daemon."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Documents:
    """Writes documents. ``host`` is what the receiver calls itself; ``inventory`` finds what is in chunks."""

    journal: Journal
    storage: Composing
    home: Home
    host: str
    inventory: Inventory

    def recorded(self, release: Release) -> Mapping[str, str]:
        """The documents that were stored beside a release's slug: kind and checksum."""
        return self.journal.slugs.documents(release.app, release.slug.sha256)

    def complete(self, release: Release) -> None:
        """Makes what is missing beside a release's slug. A crash in between is made good by the next call.

        Raises SlugError or StorageError.
        """
        with keeping(release.app, self.home):
            recorded = self.recorded(release)
            for kind in DOCUMENTS:
                if kind not in recorded:
                    self.write(release, kind)
                    point('document.stored')

    def write(self, release: Release, kind: str) -> None:
        """Makes, stores and records one document. The caller keeps the app's slugs."""
        slug, content = release.slug.sha256, self._content(release, kind)
        checksum = hashlib.sha256(content).hexdigest()
        self.home.work.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self.home.work) as folder:
            file = Path(folder, 'document')
            file.write_bytes(content)
            put_verified(self.storage, slug_name(release.app, slug, kind), file, checksum)
        self.journal.slugs.record_document(release.app, slug, kind, checksum)

    def _content(self, release: Release, kind: str) -> bytes:
        app, slug = release.app, release.slug.sha256
        written: bytes
        if kind == SBOM:
            found = parts(self.storage, app, slug)
            written = import_module(BILLS).bill_of_materials(release, found, self.inventory)
        else:
            facts = read_manifest(self.storage, app, slug)
            written = import_module(ORIGINS).provenance(release, self._origin(release), facts)
        return written

    def _origin(self, release: Release) -> Origin:
        operation = self.journal.operations.get(release.operation)
        if operation is None:
            made = f'which made {release.app} v{release.version}'
            raise StateError(f'the journal has no operation {release.operation}, {made}')
        return Origin(
            operation=operation,
            ref=self.journal.apps.deploy_branch(release.app) or '',
            config=self.journal.releases.config(release),
            host=self.host,
        )


def undocumented(releases: Iterable[Release], documents: Documents) -> list[Release]:
    """Those whose slugs lack a document, as far as is recorded."""
    return [release for release in releases if set(DOCUMENTS) - documents.recorded(release).keys()]
