"""Restores from a mirror what the first storage has lost."""

import hashlib
import shutil
from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile

from gitreceive.model.errors import StorageError
from gitreceive.slugs.ports import Mirroring, Storage
from gitreceive.slugs.verified import PIECE, put_verified


def restore_object(name: str, sha256: str, storage: Storage, work: Path) -> str:
    """Stores an object again that a mirror has as it should be; the URL of that mirror, empty if none has it.

    ``work`` is a directory for a copy.
    Raises StorageError if it cannot be stored.
    """
    work.mkdir(mode=0o700, parents=True, exist_ok=True)
    for mirror in storage.mirrors if isinstance(storage, Mirroring) else ():
        with NamedTemporaryFile(dir=work) as copy:
            with suppress(StorageError), mirror.storage.open(name) as stream:
                shutil.copyfileobj(stream, copy, PIECE)
            copy.seek(0)
            if hashlib.file_digest(copy, 'sha256').hexdigest() == sha256:
                put_verified(storage, name, Path(copy.name), sha256)
                return mirror.address
    return ''
