"""pkt-lines (gitprotocol-common(5)): four hexadecimal digits of length, then the payload; ``0000`` is a flush-pkt. Pure."""

from collections.abc import Iterator

FLUSH = b'0000'
HEAD = 4
MAX_PAYLOAD = 65516

SIDE_BAND_PAYLOAD = MAX_PAYLOAD - 1
"""What a packet of side-band-64k carries beside the number of its band; git fills its packets to the same size."""


class Malformed(ValueError):
    """The stream is not made of pkt-lines."""


def pkt_line(payload: bytes) -> bytes:
    """One pkt-line. Raises ValueError for a payload that fits into none."""
    if len(payload) > MAX_PAYLOAD:
        raise ValueError(f'{len(payload)} bytes do not fit into a pkt-line')
    return b'%04x%b' % (len(payload) + HEAD, payload)


class Splitter:
    """Cuts a stream that comes in pieces into whole pkt-lines; holds at most one that is not whole yet."""

    def __init__(self) -> None:
        self._held = b''

    def split(self, data: bytes) -> Iterator[bytes]:
        """The pkt-lines that ``data`` completes, each with its length in front. Raises Malformed.

        What is not consumed of the iterator is kept for the next call.
        """
        self._held += data
        at = 0
        try:
            while (end := at + _length(self._held, at)) > at and end <= len(self._held):
                whole, at = self._held[at:end], end
                yield whole
        finally:
            self._held = self._held[at:]


class FlushFinder:
    """Finds the first flush-pkt of a stream that comes in pieces, without copying it."""

    def __init__(self) -> None:
        self._head = b''
        self._skip = 0

    def end(self, data: bytes) -> int | None:
        """The offset in ``data`` right behind the flush-pkt; None if it has not come yet. Raises Malformed."""
        at = self._skip
        while at < len(data):
            head = self._head + data[at : at + HEAD - len(self._head)]
            at += len(head) - len(self._head)
            if len(head) < HEAD:
                self._head, self._skip = head, 0
                return None
            self._head = b''
            if head == FLUSH:
                return at
            at += _length(head, 0) - HEAD
        self._skip = at - len(data)
        return None


def _length(data: bytes, at: int) -> int:
    """How long the pkt-line at ``at`` is in all; 0 if its head is not whole."""
    head = data[at : at + HEAD]
    if len(head) < HEAD:
        return 0
    if head == FLUSH:
        return HEAD
    try:
        length = int(head, 16)
    except ValueError:
        length = 0
    if length < HEAD:
        raise Malformed(f'{head!r} is no length of a pkt-line')
    return length
