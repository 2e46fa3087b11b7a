"""What the blocks of a tar stream say, for all that read such streams; nothing is read here.

POSIX.1-2017 pax, "ustar Interchange Format"; GNU tar manual, "Basic Tar Format".
"""

from collections.abc import Iterator, Mapping

BLOCK = 512
CHUNK = 1 << 18
"""Bytes of a file that are passed on at once."""

MOST_META = 1 << 20
"""Bytes of a long name or a pax header that are read; more is refused."""

META = (b'x', b'L', b'K')
"""Kinds of entries that tell of the next one: pax, and GNU tar's long names and links."""

GLOBAL = b'g'


POSIX = b'ustar\x0000'


def number(field: bytes) -> int:
    """The value of a size, mode or time: octal digits, or binary behind a first bit. Raises ValueError for others."""
    if field[0] & 0x80:
        return int.from_bytes(field[1:], 'big')
    return int(_digits(field.strip(b' \0') or b'0'), 8)


def size_in(header: bytes, known: Mapping[bytes, bytes]) -> int:
    """The bytes of an entry's content; ``known`` is what entries before it have told. Raises ValueError."""
    return int(_digits(known[b'size'])) if b'size' in known else number(header[124:136])


def padded(size: int) -> int:
    """How many bytes ``size`` bytes take in whole blocks."""
    return size + -size % BLOCK


def name_in(header: bytes) -> bytes:
    """The name in a header, unless an entry before it has told another."""
    name, prefix = header[:100].rstrip(b'\0'), header[345:500].rstrip(b'\0')
    return prefix + b'/' + name if prefix and header[257:265] == POSIX else name


def told(kind: bytes, content: bytes) -> dict[bytes, bytes]:
    """What an entry of ``META`` tells of the next one, in pax's words (``path``, ``linkpath``, ``size``).

    Raises ValueError for records that are none.
    """
    if kind == b'x':
        return dict(_records(content))
    return {b'path' if kind == b'L' else b'linkpath': content.rstrip(b'\0')}


def _digits(text: bytes) -> bytes:
    if not text.isdigit():
        raise ValueError(f'{ascii(text[:20])} is no number')
    return text


def _records(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    while content:
        length = int(_digits(content.partition(b' ')[0]))
        if not 0 < length <= len(content):
            raise ValueError('a record of a pax header is longer than all of it')
        key, _, value = content[:length].partition(b' ')[2].removesuffix(b'\n').partition(b'=')
        yield key, value
        content = content[length:]
