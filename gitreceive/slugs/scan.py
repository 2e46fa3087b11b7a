"""The secret scan of a slug, chunk by chunk: what passed once under the same rules is not read again."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import IO, Protocol

from gitreceive.model.app import AppName
from gitreceive.model.progress import Cancellation
from gitreceive.model.slug import Chunk
from gitreceive.slugs.ports import SlugReader
from gitreceive.slugs.secrets import find_secrets, refuse_secrets, scan_rules

Opening = Callable[[], AbstractContextManager[IO[bytes]]]
Scan = Callable[[Chunk, Opening], None]
"""Looks into a chunk, if it has to, and raises what speaks against storing it."""


class ScannedChunks(Protocol):
    """What is known of earlier scans, as the journal keeps it."""

    def is_clean(self, app: AppName, sha256: str, rules: str) -> bool:
        """Whether a chunk passed under these rules."""

    def mark_clean(self, app: AppName, sha256: str, rules: str) -> None:
        """Remembers that it did."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretScan:
    """``allowed`` names the paths of an app where what looks secret is fine."""

    reader: SlugReader
    scanned: ScannedChunks
    allowed: Callable[[AppName], Sequence[str]]

    def of(self, app: AppName, secrets: Mapping[str, str], cancellation: Cancellation) -> Scan:
        """The scan of an app's chunks for what ``secrets`` and files of secrets hold. It raises SecretError."""
        rules = scan_rules(app, secrets, self.allowed(app))

        def scan(chunk: Chunk, opening: Opening) -> None:
            if self.scanned.is_clean(app, chunk.sha256, rules.digest):
                return
            with opening() as stream:
                refuse_secrets(find_secrets(stream, rules, self.reader, cancellation), app)
            self.scanned.mark_clean(app, chunk.sha256, rules.digest)

        return scan
