"""A package, as it describes itself."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

LONGEST = 200
"""Characters of a name, a version or a licence: more is no such thing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """A package by the words of its own description; ``registry`` is the type of a package URL.

    ``qualifiers`` are those of the package URL; ``sha1`` is that of a file that alone says which package it is.
    """

    registry: str
    name: str
    version: str
    group: str = ''
    licence: str = ''
    qualifiers: tuple[tuple[str, str], ...] = ()
    sha1: str = ''


class Exhausted(Exception):
    """What a slug's archives hold is more than is looked at."""


class Allowance:
    """How much work the files of one chunk may still make; the same for all of them, however they are nested."""

    def __init__(self, size: int) -> None:
        """``size`` is in bytes."""
        self._left = size

    def take(self, size: int) -> None:
        """Raises Exhausted once it is used up."""
        self._left -= size
        if self._left < 0:
            raise Exhausted

    def counted(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        """The same pieces. Raises Exhausted between two of them."""
        for piece in pieces:
            self.take(len(piece))
            yield piece


def short(value: object) -> str:
    """A name, a version or a licence; empty if it is no such thing."""
    if not isinstance(value, str) or len(value) > LONGEST or not value.isprintable():
        return ''
    return value.strip()
