"""A tar stream as ``git archive`` writes it, on its way through: members are taken out, and what stays is not touched.

POSIX.1-2017 pax, "ustar Interchange Format"; the extended headers ``x``, ``g`` and GNU tar's ``L`` and ``K``.
"""

from collections.abc import Callable, Iterator

from gitreceive.errors import SourceError

BLOCK = 512
CHUNK = 1 << 18
EMPTY = bytes(BLOCK)
MOST_META = 1 << 20
META = b'xLK'
LAST_TIME = 8**11 - 1
"""The year 2242; a commit may say any number of up to 63 bits."""


def header_time(seconds: int) -> int:
    """The time itself, or the nearest one that the header of every tar has room for. Pure."""
    return min(max(seconds, 0), LAST_TIME)


def without(read: Callable[[int], bytes], prefix: str, hides: Callable[[str], bool]) -> Iterator[bytes]:
    """The stream behind ``read`` without the members that ``hides`` names, seen from ``prefix``.

    A directory's name ends with ``/``. Raises SourceError for a stream that ends in the middle, and for a name or link
    that is too long to be looked at: whoever takes a part of it for headers lets a stranger write members.
    """
    gathered = bytearray()
    before = b''
    name = b''
    while (header := _exactly(read, BLOCK)) != EMPTY:
        kind, size = header[156:157], _size(header)
        if kind in META:
            meta = _meta(read, size)
            before += header + meta
            name = _long_name(kind, meta[:size], name)
            continue
        shown = kind == b'g' or not hides(_below(prefix, name or _short_name(header)))
        if shown:
            gathered += before + header
        before = name = b''
        for piece in _data(read, _padded(size)):
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
    return _exactly(read, _padded(size))


def _below(prefix: str, name: bytes) -> str:
    return name.decode('utf-8', 'surrogateescape').removeprefix(prefix)


def _short_name(header: bytes) -> bytes:
    name, prefix = header[:100].rstrip(b'\0'), header[345:500].rstrip(b'\0')
    return prefix + b'/' + name if prefix else name


def _long_name(kind: bytes, meta: bytes, known: bytes) -> bytes:
    if kind == b'L':
        return meta.rstrip(b'\0')
    while kind == b'x' and meta:
        length, _, _ = meta.partition(b' ')
        record, meta = meta[len(length) + 1 : int(length) - 1], meta[int(length) :]
        if record.startswith(b'path='):
            return record.removeprefix(b'path=')
    return known


def _size(header: bytes) -> int:
    field = header[124:136]
    if field[0] & 0x80:
        return int.from_bytes(field[1:], 'big')
    return int(field.strip(b' \0') or b'0', 8)


def _padded(size: int) -> int:
    return size + -size % BLOCK


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
