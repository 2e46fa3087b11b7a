"""A tar stream as ``git archive`` writes it, on its way through: members are taken out, and what stays is not touched."""

from collections.abc import Callable, Iterator

from gitreceive.model.errors import SourceError
from gitreceive.model.tarheaders import BLOCK, CHUNK, GLOBAL, META, MOST_META, name_in, padded, size_in, told

EMPTY = bytes(BLOCK)
LAST_TIME = 8**11 - 1
"""The year 2242; a commit may say any number of up to 63 bits."""


def header_time(seconds: int) -> int:
    """The time itself, or the nearest one that the header of every tar has room for. Pure."""
    return min(max(seconds, 0), LAST_TIME)


def without(read: Callable[[int], bytes], prefix: str, hides: Callable[[str], bool]) -> Iterator[bytes]:
    """The stream behind ``read`` without the members that ``hides`` names, seen from ``prefix``.

    A directory's name ends with ``/``. Raises SourceError for a stream that ends in the middle, and for a name or link
    that is too long to be looked at: whoever takes a part of it for headers lets the pushed code write members.
    """
    gathered = bytearray()
    before = b''
    known: dict[bytes, bytes] = {}
    while (header := _exactly(read, BLOCK)) != EMPTY:
        kind, size = header[156:157], size_in(header, known)
        if kind in META:
            meta = _meta(read, size)
            before += header + meta
            known |= told(kind, meta[:size])
            continue
        shown = kind == GLOBAL or not hides(_below(prefix, known.get(b'path', name_in(header))))
        if shown:
            gathered += before + header
        before = b''
        known = {}
        for piece in _data(read, padded(size)):
            if shown:
                gathered += piece
            if len(gathered) >= CHUNK:
                yield bytes(gathered)
                gathered.clear()
    yield bytes(gathered + header)
    while piece := read(CHUNK):
        yield piece


def _meta(read: Callable[[int], bytes], size: int) -> bytes:
    if size > MOST_META:
        raise SourceError('the code has a path or a link of over 1 MB: remove it')
    return _exactly(read, padded(size))


def _below(prefix: str, name: bytes) -> str:
    return name.decode('utf-8', 'surrogateescape').removeprefix(prefix)


def _data(read: Callable[[int], bytes], left: int) -> Iterator[bytes]:
    while left:
        piece = _exactly(read, min(left, CHUNK))
        left -= len(piece)
        yield piece


def _exactly(read: Callable[[int], bytes], size: int) -> bytes:
    piece = read(size)
    if len(piece) != size:
        raise SourceError('the archive of the code ended in the middle')
    return piece
