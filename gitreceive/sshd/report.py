"""git's report on a push (gitprotocol-pack(5), "report-status"): held, looked at, and rewritten after a failure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from tempfile import SpooledTemporaryFile

from gitreceive.sshd.pktline import FLUSH, HEAD, MAX_PAYLOAD, Splitter, pkt_line
from gitreceive.sshd.remedies import Complaints

IN_MEMORY = 1 << 20
"""Bytes of a report that are held in memory: about 15,000 refs. More go to a temporary file."""

MAX_REPORT = 64 << 20
"""Bytes of a report at most: a million refs. git's own memory limit is reached long before."""

MAX_CAUSE = 200
"""Bytes of what is said about a ref; clients print it in one line with the ref's name."""

DECLINED = b'pre-receive hook declined'
"""What git says of each ref when the pre-receive hook refuses the push."""

DECLINED_ALONE = b'hook declined'
"""What git says of a ref that the update hook refuses."""

READ = 65536


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What became of a push. ``ref`` is the one that it is about; empty: all of them. ``cause`` is told on failure.

    ``reasons`` are for refs that were refused by themselves.
    """

    status: int
    cause: str = ''
    ref: str = ''
    reasons: Mapping[bytes, str] = field(default_factory=dict)


class ReportTooLarge(Exception):
    """git reports on more refs than can be held."""


class Report:
    """The report's pkt-lines as git wrote them, up to and with their flush-pkt."""

    def __init__(self) -> None:
        self._file: SpooledTemporaryFile[bytes] = SpooledTemporaryFile(max_size=IN_MEMORY)
        self._size = 0
        self._splitter = Splitter()
        self.complaints = Complaints()
        self.whole = False
        self.accepted = False
        self.refused = False

    def add(self, data: bytes) -> None:
        """More of it. Raises ReportTooLarge, Malformed, and OSError if it cannot be held."""
        self._size += len(data)
        if self._size > MAX_REPORT:
            raise ReportTooLarge(f'the report of this push has over {MAX_REPORT >> 20} MB')
        self._file.write(data)
        for line in self._splitter.split(data):
            self.whole = self.whole or line == FLUSH
            self.accepted = self.accepted or line.startswith(b'ok ', HEAD)
            self.refused = self.refused or line.startswith(b'ng ', HEAD)

    def told(self, verdict: Verdict) -> Iterator[bytes]:
        """The report in pieces: as it is after a success of all refs, else with the reasons of those that are refused."""
        self._file.seek(0)
        if verdict.status == 0 and not self.refused:
            return self._pieces()
        return self._rewritten(verdict)

    def accepted_refs(self) -> list[bytes]:
        """The refs that git has moved."""
        self._file.seek(0)
        return [ref for word, ref, _ in map(_parsed, self._lines()) if word == b'ok']

    def close(self) -> None:
        """Gives back what holds the report."""
        self._file.close()

    def _pieces(self) -> Iterator[bytes]:
        while piece := self._file.read(READ):
            yield piece

    def _lines(self) -> Iterator[bytes]:
        splitter = Splitter()
        for piece in self._pieces():
            yield from splitter.split(piece)

    def _rewritten(self, verdict: Verdict) -> Iterator[bytes]:
        """report-status-v2 tells options of a ref behind its ``ok``: a ref that is refused has none."""
        dropping = False
        for line in self._lines():
            word, _, _ = _parsed(line)
            if word == b'option' and dropping:
                continue
            changed = _refused(line, verdict, self.complaints)
            dropping = changed is not None
            yield line if changed is None else changed


def one_line(text: str) -> bytes:
    """A cause as it may stand in a report: one line of at most MAX_CAUSE bytes, cut between two characters."""
    flat = ' '.join(''.join(letter if letter.isprintable() else ' ' for letter in text).split())
    found = flat.encode(errors='replace')
    if len(found) > MAX_CAUSE:
        found = found[: MAX_CAUSE - 3].decode(errors='ignore').rstrip().encode() + b'...'
    return found or b'failed'


def _refused(line: bytes, verdict: Verdict, complaints: Complaints) -> bytes | None:
    """The line that says why its ref was refused; None if the verdict says nothing of that."""
    word, name, reason = _parsed(line)
    cause = _cause(word, name, reason, verdict)
    if cause is None and word == b'ng':
        cause = complaints.remedy(reason)
    if cause is None:
        return None
    payload = b'ng %b %b\n' % (name, one_line(cause))
    return pkt_line(payload) if len(payload) <= MAX_PAYLOAD else None


def _cause(word: bytes, name: bytes, reason: bytes, verdict: Verdict) -> str | None:
    if word == b'ok':
        ours = verdict.ref.encode(errors='surrogateescape') in (b'', name)
        return verdict.cause if verdict.status and ours else None
    if word == b'ng' and reason == DECLINED:
        return verdict.cause or None
    if word == b'ng' and reason == DECLINED_ALONE:
        return verdict.reasons.get(name)
    return None


def _parsed(line: bytes) -> tuple[bytes, bytes, bytes]:
    """A line's first word, its ref, and the rest."""
    word, _, rest = line[HEAD:].removesuffix(b'\n').partition(b' ')
    name, _, reason = rest.partition(b' ')
    return word, name, reason
