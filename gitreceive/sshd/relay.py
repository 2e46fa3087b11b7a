"""Carries bytes between a channel and a git, both ways, until git has ended or the peer has gone.

Nothing in here waits for one side only: a peer that does not read stops git's output and nothing else, a git that
does not read stops the peer (its window) and nothing else.
"""

import os
import select
import signal
import time
from collections.abc import Callable
from typing import Any

from gitreceive.sshd.child import Child
from gitreceive.sshd.limits import ServerLimits
from gitreceive.sshd.session import GONE, Session

READ = 65536


class Outlet:
    """One of git's output streams on its way into the channel; holds at most ``READ`` bytes."""

    def __init__(self, descriptor: int, send: Callable[[Any], int]) -> None:
        self.descriptor = descriptor
        self._send = send
        self._held = memoryview(b'')
        self.ended = False

    @property
    def blocked(self) -> bool:
        """Whether the peer has to read first."""
        return bool(self._held)

    def pump(self) -> bool:
        """Moves what can be moved now; True if the stream is empty for the moment, or for good."""
        while not self.ended:
            if not self._held and not self._read():
                return True
            try:
                self._held = self._held[self._send(self._held) :]
            except TimeoutError:
                return False
        return True

    def _read(self) -> bool:
        try:
            data = os.read(self.descriptor, READ)
        except BlockingIOError:
            return False
        self._held = memoryview(data)
        self.ended = not data
        return bool(data)


def relay(child: Child, session: Session, limits: ServerLimits) -> int:
    """Returns the session's exit status; when it returns, nothing of the child is left."""
    session.channel.settimeout(0.0)
    session.feed.connect(child.stdin)
    outlets = (
        Outlet(child.stdout, session.channel.send),
        Outlet(child.stderr, session.channel.send_stderr),
    )
    try:
        if _converse(child, session, outlets):
            return child.exit_status()
    except GONE:
        pass
    _end(child, session, limits)
    return child.exit_status()


def _converse(child: Child, session: Session, outlets: tuple[Outlet, ...]) -> bool:
    """True when git has ended and all of its output is sent; False when the peer has gone."""
    while not session.closed:
        ended = child.ended(0)
        session.look()
        left = session.feed.drain()
        empty = [outlet.pump() for outlet in outlets]
        if ended and all(empty):
            return True
        _wait(child, session, outlets, writing=left, ended=ended)
    return False


def _wait(child: Child, session: Session, outlets: tuple[Outlet, ...], *, writing: bool, ended: bool) -> None:
    poll = select.poll()
    poll.register(session.wake_descriptor, select.POLLIN)
    if not ended:
        poll.register(child.gone, select.POLLIN)
    if writing and child.stdin.fileno() >= 0:
        poll.register(child.stdin, select.POLLOUT)
    for outlet in outlets:
        if not outlet.ended and not outlet.blocked:
            poll.register(outlet.descriptor, select.POLLIN)
    poll.poll()


def _end(child: Child, session: Session, limits: ServerLimits) -> None:
    """The peer has gone: git reads the end of its input, and has a moment to hand over a push that it accepted."""
    session.feed.close()
    start = time.monotonic()
    if _ends_by(child, start + limits.mercy_seconds):
        return
    child.end_helpers(signal.SIGTERM)
    if _ends_by(child, start + limits.patience_seconds):
        return
    child.end_helpers(signal.SIGKILL)
    if not _ends_by(child, start + limits.end_seconds):
        child.kill()


def _ends_by(child: Child, deadline: float) -> bool:
    """Throws git's output away meanwhile: an unread pipe would stop it."""
    streams = {child.stdout, child.stderr}
    while (left := deadline - time.monotonic()) > 0:
        ready = select.select([child.gone, *streams], [], [], left)[0]
        if child.gone in ready:
            return True
        streams -= {stream for stream in streams.intersection(ready) if not _discard(stream)}
    return child.ended(0)


def _discard(descriptor: int) -> bool:
    try:
        return bool(os.read(descriptor, READ))
    except BlockingIOError:
        return True
