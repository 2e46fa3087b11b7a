"""Joins pieces of output to whole lines, in bounded memory."""

from collections.abc import Iterator

from gitreceive.model.text import CUT, MAX_LINE


class LineJoiner:
    """The lines of one stream. Pieces may cut lines and characters anywhere.

    A ``\\r`` that no ``\\n`` follows starts the line again, as a terminal would show it: of a progress bar only the last
    state is kept. A line over ``MAX_LINE`` bytes loses its end, and says so.
    """

    def __init__(self) -> None:
        self._kept = b''
        self._returned = False
        self._cut = False

    def feed(self, data: bytes) -> Iterator[str]:
        """The lines that ``data`` completes."""
        *whole, rest = data.split(b'\n')
        for piece in whole:
            self._add(piece)
            yield self._take()
        self._add(rest)

    def end(self) -> Iterator[str]:
        """What is left without an end of line, if anything."""
        if self._kept:
            yield self._take()

    def _add(self, piece: bytes) -> None:
        if not piece:
            return
        if self._returned and piece.strip(b'\r'):
            self._kept, self._returned, self._cut = b'', False, False
        body = piece.rstrip(b'\r')
        self._returned = self._returned or body != piece
        _, returned, after = body.rpartition(b'\r')
        whole = after if returned else self._kept + after
        self._cut = len(whole) > MAX_LINE or (self._cut and not returned)
        self._kept = whole[:MAX_LINE]

    def _take(self) -> str:
        line, mark = self._kept, CUT if self._cut else ''
        self._kept, self._returned, self._cut = b'', False, False
        return line.decode('utf-8', 'replace') + mark
