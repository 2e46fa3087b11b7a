"""A push from its git's end to its exit status: the verdict is found, the report is told, and both say the same.

No verdict is never success. The hooks leave one in the verdict pipe; if they have died the daemon is asked what becomes
of the push, and is listened to until that has ended; if it cannot be asked the push is rejected.
"""

import time
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from gitreceive.grammar.wire import TEMPORARY, Answer
from gitreceive.model.app import AppName
from gitreceive.model.errors import DaemonUnreachable, StateError
from gitreceive.repositories.sessionhooks import read_refused
from gitreceive.sshd.atomic import set_back
from gitreceive.sshd.child import Child
from gitreceive.sshd.gate import Gate
from gitreceive.sshd.limits import ServerLimits
from gitreceive.sshd.peer import Peer, send_all
from gitreceive.sshd.pktline import Malformed
from gitreceive.sshd.quarantine import unlock
from gitreceive.sshd.relay import relay
from gitreceive.sshd.report import ReportTooLarge, Verdict
from gitreceive.sshd.verdictpipe import Left, parse_entries

RESTART_SECONDS = 30.0
"""How long a daemon that has gone may take to come back before a push without a verdict is rejected."""

RETRY_SECONDS = 0.2

NO_VERDICT = 'no verdict: the daemon does not answer; what was pushed will be built once it is back'
NO_HOOKS = 'no verdict: the hooks of this push did not run; ask the sysadmin of this receiver'
NOT_KNOWN = 'the daemon does not answer: whether this commit is released is not known'

KILLED = 128
"""What a signal that ended git adds to its number (see Child.exit_status). Its whole report is true all the same."""

Ask = Callable[[Sequence[str]], Answer]
"""Sends the daemon a request. Raises DaemonUnreachable."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PushSession:
    """Which push it is, to the daemon: ``key`` is a fingerprint, ``token`` a word that only this session has."""

    app: AppName
    key: str
    token: str
    repository: Path
    hooks: Path
    ask: Ask

    @property
    def outcome(self) -> tuple[str, ...]:
        """The request that settles what this session announced, and tells how it ends."""
        return ('outcome', self.app, self.key, self.token)

    @property
    def inflight(self) -> tuple[str, ...]:
        """The request that tells how the operation ends that works on what the deploy branch names."""
        return ('inflight', self.app, self.key)


def serve_push(push: PushSession, child: Child, peer: Peer, limits: ServerLimits) -> int:
    """Serves a ``git receive-pack``, however the client came in; returns the exit status. Raises StateError."""
    with closing(Gate()) as gate:
        try:
            if relay(child, peer, limits, gate):
                return _conclude(push, child, peer, gate)
        except ConnectionError:
            pass
        except (Malformed, ReportTooLarge, OSError) as error:
            raise StateError(f'what git says of this push cannot be passed on: {error}') from error
        finally:
            status = child.exit_status()
            if gate.report.refused:
                unlock(push.repository)  # the same push may find nothing in its way then
        if gate.commands.count:
            _settle(push)
        return status or 1


def _conclude(push: PushSession, child: Child, peer: Peer, gate: Gate) -> int:
    status = child.exit_status()
    if gate.commands.empty:
        return status or _listen(push, push.inflight, peer, gate, NOT_KNOWN).status
    left = parse_entries(child.entries())
    verdict = left.verdict or _find(push, left, peer, gate, status)
    if verdict.status and gate.commands.atomic and set_back(push.repository, gate, verdict.ref):
        verdict = replace(verdict, ref='')
    for piece in gate.release(replace(verdict, reasons=read_refused(push.hooks))):
        send_all(peer, peer.send, piece)
    ended = 0 if status > KILLED and gate.report.whole else status
    return verdict.status or ended or int(gate.report.refused)


def _find(push: PushSession, left: Left, peer: Peer, gate: Gate, status: int) -> Verdict:
    """What becomes of a push whose hooks have left no verdict. What git has not accepted needs none."""
    if not gate.report.accepted and (gate.commands.reports or status):
        if left.asked:
            _settle(push)
        return Verdict(status=status or 1)
    verdict = _listen(push, push.outcome, peer, gate, NO_VERDICT)
    if not left.asked and not verdict.status:
        return Verdict(status=1, cause=NO_HOOKS)
    return replace(verdict, ref=left.ref)


def _listen(push: PushSession, request: Sequence[str], peer: Peer, gate: Gate, otherwise: str) -> Verdict:
    """Asks the daemon and tells the client what it says. Asks again when the daemon goes away and comes back."""
    end = time.monotonic() + RESTART_SECONDS
    while time.monotonic() < end:
        try:
            verdict = _heard(push.ask(request), peer, gate)
        except DaemonUnreachable:
            verdict = Verdict(status=TEMPORARY)
        if verdict.status != TEMPORARY:
            return verdict
        if peer.closed:
            raise BrokenPipeError('the client has gone')
        time.sleep(RETRY_SECONDS)
    _tell(peer, gate, f' !     {otherwise}\n'.encode())
    return Verdict(status=1, cause=otherwise)


def _heard(answer: Answer, peer: Peer, gate: Gate) -> Verdict:
    peer.when_closed(answer.close)
    for frame in answer:
        _tell(peer, gate, frame.payload)
    return Verdict(status=answer.status, cause=answer.end.cause if answer.end else '')


def _tell(peer: Peer, gate: Gate, text: bytes) -> None:
    if gate.commands.sideband:
        send_all(peer, peer.send, gate.progress(text))
    else:
        send_all(peer, peer.send_error, text)


def _settle(push: PushSession) -> None:
    """Lets the daemon go on with what this session has announced, or forget it; nobody is there to hear more."""
    with suppress(DaemonUnreachable):
        answer = push.ask(push.outcome)
        next(iter(answer), None)
        answer.close()
