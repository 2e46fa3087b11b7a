"""What a container printed, as its engine hands it on: in frames, each with a time if it is a line of a log."""

import struct
from collections.abc import Iterable, Iterator
from typing import IO

from gitreceive.adapters.docker.found import seconds
from gitreceive.model.instance import InstanceName, LogLine
from gitreceive.model.text import MAX_LINE, bounded, decoded

HEADER = struct.Struct('>BxxxL')
"""Docker Engine API, "Attach to a container", "Stream format": which stream, and the bytes that follow."""


def frames(stream: IO[bytes]) -> Iterator[bytes]:
    """The content of each frame of an answer, until its end."""
    while len(header := _exactly(stream, HEADER.size)) == HEADER.size:
        _, length = HEADER.unpack(header)
        yield _exactly(stream, length)


def lines(found: Iterable[bytes], name: InstanceName) -> Iterator[LogLine]:
    """The lines in frames with times; one that is long comes in several, of which the last has its end. Pure."""
    begun, at = b'', 0.0
    for frame in found:
        stamp, _, text = frame.partition(b' ')
        at = at if begun else seconds(stamp.decode('ascii', 'replace'))
        begun = (begun + text)[: MAX_LINE + 1] + (b'\n' if text.endswith(b'\n') else b'')
        if begun.endswith(b'\n'):
            yield _line(at, name, begun)
            begun = b''
    if begun:
        yield _line(at, name, begun)


def _line(at: float, name: InstanceName, raw: bytes) -> LogLine:
    return LogLine(at=at, name=name, text=bounded(decoded(raw.rstrip(b'\r\n')).replace('\n', ' ')))


def _exactly(stream: IO[bytes], length: int) -> bytes:
    pieces = []
    while length and (piece := stream.read(length)):
        pieces.append(piece)
        length -= len(piece)
    return b''.join(pieces)
