"""How large objects are made of others at S3, where every part but the last has at least 5 MiB. Pure.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

LEAST = 5 << 20
MOST = 5 << 30
"""Bytes of one copied part."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Bytes ``start`` to ``end`` (not included) of an object."""

    name: str
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Copied:
    """A part that the store copies by itself; ``whole`` if it is all of an object."""

    piece: Piece
    whole: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SentPart:
    """A part that is fetched and sent again, because what it is made of is too small: at most 15 MiB."""

    pieces: tuple[Piece, ...]


def plan_parts(sizes: Sequence[tuple[str, int]]) -> Iterator[Copied | SentPart]:
    """The parts of an upload that puts objects (name, size) in a row; every part but the last has at least 5 MiB.

    A small object is sent together with the beginning of the next one, of which the rest is copied if it is large
    enough, and sent too if it is not.
    """
    small: list[Piece] = []
    for name, size in sizes:
        taken = _taken(LEAST - sum(piece.end - piece.start for piece in small), size) if small else 0
        if not small and size < LEAST:
            taken = size
        if taken:
            small.append(Piece(name=name, start=0, end=taken))
        if sum(piece.end - piece.start for piece in small) >= LEAST:
            yield SentPart(pieces=tuple(small))
            small = []
        yield from _copied(name, taken, size)
    if small:
        yield SentPart(pieces=tuple(small))


def _taken(missing: int, size: int) -> int:
    return size if size - missing < LEAST else missing


def _copied(name: str, start: int, size: int) -> Iterator[Copied]:
    """In slices of at most 5 GiB, none of which is too small."""
    while start < size:
        end = size if size - start <= MOST else min(start + MOST, size - LEAST)
        yield Copied(piece=Piece(name=name, start=start, end=end), whole=(start, end) == (0, size))
        start = end
