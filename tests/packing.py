"""Small slugs, made without an engine."""

import gzip
import hashlib
import io
import zlib
from collections.abc import Mapping
from pathlib import Path

from gitreceive.adapters.slugfiles.members import (
    FOLDER,
    REGULAR,
    SYMLINK,
    Member,
    Members,
    end_of_archive,
    written,
)

TIME = 1_700_000_000

Files = Mapping[str, bytes | str | None]


def packed(files: Files, mode: int = 0o644) -> bytes:
    """A slug: content makes a file, a ``str`` a symbolic link to it, None a directory; names are below ``app/``."""
    tar = io.BytesIO()
    for name, content in {'': None, **files}.items():
        path = ('app/' + name).rstrip('/').encode('utf-8', 'surrogateescape')
        if isinstance(content, bytes):
            tar.write(written(Member(name=path, kind=REGULAR, size=len(content), mode=mode), TIME))
            tar.write(content + bytes(-len(content) % 512))
        elif content is None:
            tar.write(written(Member(name=path, kind=FOLDER, mode=0o755), TIME))
        else:
            tar.write(written(Member(name=path, kind=SYMLINK, link=content.encode(), mode=0o777), TIME))
    tar.write(end_of_archive(tar.tell()))
    return gzip.compress(tar.getvalue(), 1, mtime=0)


def packed_file(path: Path, files: Files) -> str:
    """Writes such a slug and returns its checksum."""
    path.write_bytes(packed(files))
    return sha256(path.read_bytes())


def sha256(content: bytes) -> str:
    """In hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def stands_alone(chunk: bytes) -> None:
    """Whether a chunk of a slug is a layer as it is: an engine makes the directories that it does not name as root's."""
    unpacker, raw = zlib.decompressobj(31), bytearray()
    while chunk:
        raw += unpacker.decompress(chunk)
        chunk, unpacker = unpacker.unused_data, zlib.decompressobj(31)
    raw = raw.rstrip(b'\0') + bytes(512 + -len(raw.rstrip(b'\0')) % 512)
    named: set[bytes] = set()
    for member in Members(io.BytesIO(bytes(raw) + bytes(1024)).read):
        above, _, _ = member.name.rpartition(b'/')
        assert not above or above in named, member.name
        if member.kind == FOLDER:
            named.add(member.name)
