"""Storages other than a plain directory: one behind a link of a given speed, one in S3."""

import hashlib
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

from gitreceive.adapters.storage.file import FileStorage
from gitreceive.adapters.storage.s3 import S3Storage, from_url
from tests.s3_servers import swift

PIECE = 1 << 20


class LimitedStore(FileStorage):
    """A directory that takes ``rate`` bytes a second, and knows the checksums of what it has."""

    def __init__(self, root: Path, rate: float) -> None:
        super().__init__(root)
        self._rate = rate
        self._sums: dict[str, str] = {}

    def put(self, name: str, file: Path) -> str:
        """Takes as long as the link does."""
        digest, began, sent = hashlib.sha256(), time.monotonic(), 0
        with file.open('rb') as stream:
            while piece := stream.read(PIECE):
                digest.update(piece)
                sent += len(piece)
                time.sleep(max(0.0, began + sent / self._rate - time.monotonic()))
        self._sums[name] = digest.hexdigest()
        return super().put(name, file)

    def sha256(self, name: str) -> str:
        """See ``Vouching``."""
        return self._sums.get(name, '')


@contextmanager
def s3_store(folder: Path) -> Iterator[S3Storage]:
    """The receiver's own storage in S3, in an empty bucket of the server of the tests, which works below ``folder``."""
    folder.mkdir(parents=True)
    with swift(folder) as server, patch.dict(os.environ, server.environment):
        server.client().create_bucket(Bucket='bench')
        yield from_url(server.url('bench'))
