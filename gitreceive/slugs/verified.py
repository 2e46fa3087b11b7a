"""Puts an object into a storage, and does not believe the storage before it has read the object back."""

import contextlib
import hashlib
from pathlib import Path

from gitreceive.model.errors import NoSuchObject, StorageError
from gitreceive.slugs.ports import Storage, Vouching

PIECE = 1 << 20
TRIES = 2


def put_verified(storage: Storage, name: str, file: Path, checksum: str) -> str:
    """Stores the file, whose sha256 is ``checksum``, and returns the object's URL.

    What is there already and has the right bytes is not sent again. Raises StorageError; what does not match after two
    tries is deleted. What cannot be read just now stays: it may be right, and other slugs may need it.
    """
    with contextlib.suppress(StorageError):  # some services say "forbidden" of what is not there
        if checksum_of(storage, name) == checksum:
            return storage.url(name)
    for _ in range(TRIES):
        url = storage.put(name, file)
        found = checksum_of(storage, name)
        if found == checksum:
            return url
        storage.delete(name)
    raise StorageError(
        f'{name} was sent {TRIES} times and came back different (sha256 {found or "of nothing"} instead of {checksum}): '
        'check the disk or the storage service'
    )


def checksum_of(storage: Storage, name: str) -> str:
    """The sha256 of an object; empty if there is none. Read whole, unless the storage vouches. Raises StorageError."""
    digest = hashlib.sha256()
    try:
        if isinstance(storage, Vouching) and (known := storage.sha256(name)):
            return known
        with storage.open(name) as stream:
            while piece := stream.read(PIECE):
                digest.update(piece)
    except NoSuchObject:
        return ''
    return digest.hexdigest()
