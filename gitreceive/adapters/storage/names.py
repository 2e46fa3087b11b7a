"""What an object may be called: the same in every storage, so that none of them leads elsewhere."""

from gitreceive.adapters.storage.file import NAME
from gitreceive.model.errors import StorageError


def checked(name: str) -> str:
    """``name``, if it is one. Raises StorageError."""
    if not NAME.fullmatch(name):
        raise StorageError(
            f'{ascii(name[:100])} is not a name of an object: letters, digits, "_", "-", "." and "/"'
        )
    return name
