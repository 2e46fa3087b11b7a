"""The report gate: git's report on a push is held until the push has a verdict; everything else passes at once.

git writes its report when the refs have moved, before post-receive runs, so a failed build would look like a success
to every client that does not look at the exit status. The gate watches the stream of ``git receive-pack``
(gitprotocol-pack(5), protocol versions 0 and 1): the ref advertisement up to its flush-pkt passes untouched; then with
side-band-64k band 1, the report, is held and the other bands pass; without it the whole answer is the report.

Knows nothing of SSH: bytes in, bytes out.
"""

from collections.abc import Iterable, Iterator

from gitreceive.sshd.commandlist import CommandList
from gitreceive.sshd.pktline import FLUSH, HEAD, SIDE_BAND_PAYLOAD, FlushFinder, Splitter, pkt_line
from gitreceive.sshd.report import Report, Verdict

REPORT, PROGRESS = b'\1', b'\2'


class Gate:
    """Stands between git and one client. ``commands.take`` sees the client's bytes before git does."""

    def __init__(self) -> None:
        self.commands = CommandList()
        self.report = Report()
        self._advertised = FlushFinder()
        self._answering = False
        self._splitter = Splitter()

    def passes(self, data: bytes) -> bytes:
        """git's next bytes; returns what the client may have now. Raises Malformed, ReportTooLarge, OSError."""
        if not self._answering:
            end = self._advertised.end(data)
            if end is None:
                return data
            self._answering = True
            return data[:end] + self._answer(data[end:])
        return self._answer(data)

    def progress(self, text: bytes) -> bytes:
        """Text for the pusher to read, as git sends what hooks print; only for clients with a sideband."""
        return b''.join(_band(PROGRESS, text))

    def release(self, verdict: Verdict) -> Iterator[bytes]:
        """What was held: the report as the verdict wants it, and the end of the answer. Nothing, if nothing was asked."""
        if self.commands.sideband and self._answering:
            yield from _framed(self.report.told(verdict))
            yield FLUSH
        else:
            yield from self.report.told(verdict)

    def close(self) -> None:
        """Gives back what holds the report."""
        self.report.close()

    def _answer(self, data: bytes) -> bytes:
        if not self.commands.sideband:
            if data:
                self.report.add(data)
            return b''
        return b''.join(packet for packet in self._splitter.split(data) if not self._holds(packet))

    def _holds(self, packet: bytes) -> bool:
        """An empty packet of band 1 is how git keeps a connection alive: it passes."""
        if packet == FLUSH:
            return True
        if packet.startswith(PROGRESS, HEAD):
            self.report.complaints.take(packet[HEAD + 1 :])
        if not packet.startswith(REPORT, HEAD) or len(packet) == HEAD + 1:
            return False
        self.report.add(packet[HEAD + 1 :])
        return True


def _framed(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The pieces of a report in packets of band 1, each as full as git makes them."""
    held = b''
    for piece in pieces:
        held += piece
        while len(held) >= SIDE_BAND_PAYLOAD:
            yield pkt_line(REPORT + held[:SIDE_BAND_PAYLOAD])
            held = held[SIDE_BAND_PAYLOAD:]
    if held:
        yield pkt_line(REPORT + held)


def _band(band: bytes, text: bytes) -> Iterator[bytes]:
    for at in range(0, len(text), SIDE_BAND_PAYLOAD):
        yield pkt_line(band + text[at : at + SIDE_BAND_PAYLOAD])
