"""What a storage has to have so that it makes objects of others by itself."""

from collections.abc import Sequence
from typing import Protocol

TEMPORARY = '.composing'
"""The folder of what is needed only until something else is made of it; nothing of it is ever listed."""


class Composer(Protocol):
    """Asks a service to put objects in a row."""

    def compose(self, name: str, parts: Sequence[str]) -> None:
        """Makes ``name`` of ``parts``, none of which is empty, atomically. Names are those of the storage.

        Raises StorageError, with the service's own words.
        """
