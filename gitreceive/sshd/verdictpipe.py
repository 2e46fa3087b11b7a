"""The verdict pipe: what the hooks of a push leave for whoever has started git, which hides their exit status.

Each entry is a line ``STATUS<TAB>CAUSE<TAB>REF`` of at most 300 bytes, written at once. ``none`` means that there is
no verdict yet: the daemon has been asked, and may have journaled an operation for REF. ``0`` and ``detached`` are
success, ``planned`` refuses every ref, other numbers are failures with their cause, ``refused`` is what pre-receive
did before git accepted anything. The last whole line counts.
"""

from dataclasses import dataclass

from gitreceive.sshd.report import Verdict

MAX_ENTRY = 300

PLANNED = 'planned, nothing was released'


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """What the hooks have left: ``asked`` says whether the daemon may know of the push, ``ref`` which one it deploys."""

    verdict: Verdict | None = None
    asked: bool = False
    ref: str = ''


def parse_entries(data: bytes) -> Left:
    """The meaning of all entries. Whatever is not as it should be is no verdict."""
    ref, verdict = '', None
    for line in data.split(b'\n')[:-1]:
        status, cause, name = _fields(line)
        ref = name or ref
        verdict = _verdict(status, cause, ref)
    return Left(verdict=verdict, asked=bool(data), ref=ref)


def _fields(line: bytes) -> tuple[str, str, str]:
    fields = line.decode(errors='replace').split('\t') if len(line) < MAX_ENTRY else []
    if not 1 <= len(fields) <= 3:
        return '', '', ''
    status, cause, ref = [*fields, '', ''][:3]
    return status, cause, ref


def _verdict(status: str, cause: str, ref: str) -> Verdict | None:
    if status == 'planned':
        return Verdict(status=1, cause=PLANNED)
    if status == 'refused':
        return Verdict(status=1, cause=cause)
    if status in ('0', 'detached'):
        return Verdict(status=0)
    if status.isascii() and status.isdigit() and 0 < int(status) < 256:
        return Verdict(status=int(status), cause=cause, ref=ref)
    return None
