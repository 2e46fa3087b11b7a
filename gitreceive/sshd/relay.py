"""Carries bytes between a client and a git, both ways, until git has ended or the client has gone.

Nothing in here waits for one side only: a client that does not read stops git's output and nothing else, a git that
does not read stops the client (its window) and nothing else.
"""

import os
import select
import signal
import time
from collections.abc import Callable
from functools import partial

from gitreceive.model.errors import BadCommand
from gitreceive.sshd.child import Child
from gitreceive.sshd.commandlist import CommandList
from gitreceive.sshd.gate import Gate
from gitreceive.sshd.limits import ServerLimits
from gitreceive.sshd.peer import Peer

READ = 65536


class Outlet:
    """One of git's output streams on its way to the client; holds at most ``READ`` bytes, or a packet of git's.

    ``passes`` says what of it the client may have now.
    """

    def __init__(
        self,
        descriptor: int,
        send: Callable[[memoryview], int],
        passes: Callable[[bytes], bytes] | None = None,
    ) -> None:
        self.descriptor = descriptor
        self._send, self._passes = send, passes
        self._held = memoryview(b'')
        self.ended = False

    @property
    def blocked(self) -> bool:
        """Whether the client has to read first."""
        return bool(self._held)

    def pump(self) -> bool:
        """Moves what can be moved now; True if the stream is empty for the moment, or for good."""
        while True:
            if not self._held and not self._read():
                return True
            try:
                while self._held:
                    self._held = self._held[self._send(self._held) :]
            except TimeoutError:
                return False

    def _read(self) -> bool:
        if self.ended:
            return False
        try:
            data = os.read(self.descriptor, READ)
        except BlockingIOError:
            return False
        self.ended = not data
        self._held = memoryview(self._passes(data) if self._passes else data)
        return bool(data)


def relay(child: Child, peer: Peer, limits: ServerLimits, gate: Gate | None = None) -> bool:
    """True when git has ended and the client has all that passes the gate, False if the client went away.

    When it returns, the process has ended. Raises what the gate raises about an answer that it cannot read, and
    BadCommand for commands that git must not have.
    """
    peer.feed.connect(child.stdin, partial(_watch, peer, gate.commands) if gate else None)
    outlets = (
        Outlet(child.stdout, peer.send, gate.passes if gate else None),
        Outlet(child.stderr, peer.send_error),
    )
    try:
        if _converse(child, peer, outlets, gate):
            return True
    except ConnectionError:
        pass
    finally:
        _end(child, peer, limits)
    return False


def _watch(peer: Peer, commands: CommandList, data: bytes) -> bool:
    """git sees nothing of what is refused."""
    wanted = commands.take(data)
    if commands.refusal:
        peer.feed.close()
    return wanted


def _converse(child: Child, peer: Peer, outlets: tuple[Outlet, ...], gate: Gate | None) -> bool:
    """True when git has ended and all of its output is sent; False when the client has gone."""
    while not peer.closed:
        ended = child.ended(0)
        peer.look()
        if gate and gate.commands.refusal:
            raise BadCommand(gate.commands.refusal)
        left = peer.feed.drain()
        empty = [outlet.pump() for outlet in outlets]
        if ended and all(empty):
            return True
        _wait(child, peer, outlets, writing=left, ended=ended)
    return False


def _wait(child: Child, peer: Peer, outlets: tuple[Outlet, ...], *, writing: bool, ended: bool) -> None:
    poll = select.poll()
    poll.register(peer.wake_descriptor, select.POLLIN)
    if not ended:
        poll.register(child.gone, select.POLLIN)
    if writing and child.stdin.fileno() >= 0:
        poll.register(child.stdin, select.POLLOUT)
    for outlet in outlets:
        if not outlet.ended and not outlet.blocked:
            poll.register(outlet.descriptor, select.POLLIN)
    poll.poll()


def _end(child: Child, peer: Peer, limits: ServerLimits) -> None:
    """The client has gone: git reads the end of its input, and has a moment to hand over a push that it accepted."""
    peer.feed.close()
    start = time.monotonic()
    if _ends_by(child, start + limits.grace_seconds):
        return
    child.end_helpers(signal.SIGTERM)
    if _ends_by(child, start + limits.helpers_seconds):
        return
    child.end_helpers(signal.SIGKILL)
    if not _ends_by(child, start + limits.end_seconds):
        child.kill()


def _ends_by(child: Child, deadline: float) -> bool:
    """Throws git's output away meanwhile: an unread pipe would stop it."""
    poll = select.poll()
    for descriptor in (child.gone, child.stdout, child.stderr):
        poll.register(descriptor, select.POLLIN)
    while not child.ended(0) and (left := deadline - time.monotonic()) > 0:
        for descriptor, _ in poll.poll(left * 1000):
            if descriptor != child.gone and not _discard(descriptor):
                poll.unregister(descriptor)
    return child.ended(0)


def _discard(descriptor: int) -> bool:
    try:
        return bool(os.read(descriptor, READ))
    except BlockingIOError:
        return True
