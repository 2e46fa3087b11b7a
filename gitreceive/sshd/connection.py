"""One connection: who is at the other end, which sessions are open, and what the log will say about it."""

import socket
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from typing import Protocol

import paramiko
from paramiko.common import (
    AUTH_FAILED,
    AUTH_SUCCESSFUL,
    OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED,
    OPEN_FAILED_RESOURCE_SHORTAGE,
    OPEN_SUCCEEDED,
)

from gitreceive.access.book import Grant
from gitreceive.model.errors import StateError
from gitreceive.model.terminal import Terminal, bounded_window, terminal_type
from gitreceive.sshd.algorithms import Profile
from gitreceive.sshd.guard import LimitExceeded
from gitreceive.sshd.limits import ServerLimits
from gitreceive.sshd.log import Log
from gitreceive.sshd.service import SessionService
from gitreceive.sshd.session import Session
from gitreceive.sshd.transport import ServerTransport, UnusableKey

MAX_RESIZED = 10_000
"""A window that is dragged sends dozens of sizes in a second; they are not counted with the other requests."""


class Server(Protocol):
    """What a connection needs of the server that has accepted it."""

    service: SessionService
    limits: ServerLimits
    log: Log
    host_keys: Sequence[paramiko.PKey]
    profile: Profile

    def logged_in(self, connection: 'Connection', grant: Grant) -> str:
        """The connection has logged in; returns why it is one too many, if it is."""

    def left(self, connection: 'Connection') -> None:
        """The connection is over."""


class Connection(paramiko.ServerInterface):
    """Answers paramiko's questions, and is its Observer (see transport.py)."""

    def __init__(self, sock: socket.socket, source: str, deadline: float, server: Server) -> None:
        self.source = source
        self.deadline = deadline
        self.logged_in_as: Grant | None = None
        self._sock, self._server = sock, server
        self._offered: Grant | None = None
        self._sessions: dict[int, Session] = {}
        self._lock = threading.Lock()
        self._refused = self._asked = 0
        self._tries = 0
        self._served = 0
        self._last: Session | None = None
        self._user = ''
        self._started = self._idle_since = time.monotonic()
        self._reason = self._refusal = ''
        self._transport = ServerTransport(sock, server.host_keys, server.profile)
        self._transport.guard.allow_packets(server.limits.unauthenticated_packets)

    def start(self) -> None:
        """Begins to talk, in a thread. Raises RuntimeError if there can be no more threads."""
        self._transport.start_server(event=threading.Event(), server=self)

    def end(self, reason: str) -> None:
        """Ends the connection, from any thread, without waiting for anything."""
        self._reason = self._reason or reason
        self._transport.stop()
        with suppress(OSError):
            self._sock.shutdown(socket.SHUT_RDWR)

    def overdue(self, now: float) -> str:
        """Why the connection has to end now, if it has to."""
        limits = self._server.limits
        if self.logged_in_as is None:
            return f'not logged in after {limits.login_seconds:g} s' if now >= self.deadline else ''
        with self._lock:
            busy = any(session.started for session in self._sessions.values())
        seconds = limits.login_seconds if self._refusal else limits.idle_seconds
        idle = not busy and now >= self._idle_since + seconds
        return f'idle for {seconds:g} s' if idle else ''

    def join(self, deadline: float) -> None:
        """Waits until everything of it has ended."""
        with self._lock:
            sessions = list(self._sessions.values())
        for session in sessions:
            session.join(deadline - time.monotonic())
        self._transport.join(max(0.0, deadline - time.monotonic()))

    # paramiko asks

    def get_allowed_auths(self, username: str) -> str:
        """Public keys only."""
        self._user = username
        return 'publickey'

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:
        """Whether this key may log in. The key of the last call before success is who it is."""
        self._user, self._offered = username, None
        if isinstance(key, UnusableKey):
            return AUTH_FAILED
        try:
            self._offered = self._server.service.book.find(key.asbytes())
        except StateError as error:
            self._server.log.write('error', reason=str(error))
        return AUTH_FAILED if self._offered is None else AUTH_SUCCESSFUL

    def check_channel_request(self, kind: str, chanid: int) -> int:
        """Sessions only, and not too many."""
        reason = OPEN_SUCCEEDED
        with self._lock:
            if kind != 'session':
                reason = OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED
            elif len(self._sessions) >= self._server.limits.sessions:
                reason = OPEN_FAILED_RESOURCE_SHORTAGE
        if reason != OPEN_SUCCEEDED:
            self._count_refused()
        return reason

    def check_channel_direct_tcpip_request(
        self, chanid: int, origin: tuple[str, int], destination: tuple[str, int]
    ) -> int:
        """Forwarding is refused, and counted."""
        self._count_refused()
        return OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED

    def check_channel_env_request(self, channel: paramiko.Channel, name: bytes, value: bytes) -> bool:
        """A few harmless variables."""
        session = self._session(channel.chanid)
        return session is not None and session.allow(name, value)

    def check_channel_pty_request(
        self, channel: paramiko.Channel, term: bytes, width: int, height: int, *_: object
    ) -> bool:
        """A client whose user has a terminal says so: ``ssh -t``. A command that is run may get one like it."""
        session = self._session(channel.chanid)
        if session is None or session.started:
            return False
        kind = terminal_type(term.decode('ascii', 'replace'))
        session.calling = Terminal(kind, bounded_window(height, width))
        return True

    def check_channel_window_change_request(
        self, channel: paramiko.Channel, width: int, height: int, *_: object
    ) -> bool:
        """The size of that terminal."""
        session = self._session(channel.chanid)
        if session is None or not session.terminal:
            return False
        session.resized += 1
        if session.resized <= MAX_RESIZED:
            session.requests -= 1
        session.controls.resize(bounded_window(height, width))
        session.wake()
        return True

    def check_channel_exec_request(self, channel: paramiko.Channel, command: bytes) -> bool:
        """One command for each session; it starts after paramiko has answered."""
        return self._ask(channel, command)

    def check_channel_shell_request(self, channel: paramiko.Channel) -> bool:
        """A shell is answered with a greeting."""
        return self._ask(channel, b'')

    # the transport tells (Observer)

    def logged_in(self) -> None:
        """The key that was checked last has been proved."""
        assert self._offered is not None
        self.logged_in_as = self._offered
        self._idle_since = time.monotonic()
        self._transport.guard.trusted = True
        self._refusal = self._server.logged_in(self, self._offered)

    def failed(self) -> bool:
        """Counts a failed try; True if it was the last one allowed."""
        self._tries += 1
        if self._tries >= self._server.limits.tries:
            self._reason = 'too many failed tries to log in'
        return self._tries >= self._server.limits.tries

    def opened(self, channel: paramiko.Channel) -> None:
        """A session's channel is open."""
        with self._lock:
            self._sessions[channel.chanid] = Session(channel, self._transport)

    def requested(self, number: int) -> None:
        """A request has been answered: if it was the one that says what to do, do it."""
        session = self._session(number)
        if session is None:
            return
        session.requests += 1
        if session.requests > self._server.limits.requests:
            raise LimitExceeded('too many requests on a channel')
        if session.command is not None and not session.started:
            self._served += 1
            self._last = session
            self._start(session)

    def fed(self, number: int, data: bytes) -> None:
        """The peer sent data for a channel."""
        session = self._session(number)
        if session is not None and session.feed.take(data):
            session.wake()

    def ended(self, number: int) -> None:
        """The peer will send no more data for a channel."""
        session = self._session(number)
        if session is not None:
            session.feed.end()

    def signalled(self, number: int, name: str) -> bool:
        """The peer sends a signal to what runs; False if there is no such signal."""
        session = self._session(number)
        if session is None or not session.controls.signal(name):
            return False
        session.wake()
        return True

    def adjusted(self, number: int) -> None:
        """The peer will take more data of a channel."""
        session = self._session(number)
        if session is not None:
            session.wake()

    def closed(self, number: int) -> None:
        """The peer has closed a channel."""
        session = self._session(number)
        if session is not None:
            session.hang_up()
            if not session.started:
                self._forget(session)

    def asked_globally(self) -> None:
        """The peer asks for something that no channel is about."""
        self._asked += 1
        if self._asked > self._server.limits.global_requests + time.monotonic() - self._started:
            raise LimitExceeded('too many global requests')

    def gone(self, error: BaseException | None) -> None:
        """The connection has ended."""
        with self._lock:
            sessions = list(self._sessions.values())
        for session in sessions:
            session.hang_up()
        self._server.left(self)
        self._write_log(error)

    def _session(self, number: int) -> Session | None:
        with self._lock:
            return self._sessions.get(number)

    def _count_refused(self) -> None:
        self._refused += 1
        if self._refused > self._server.limits.refused_sessions:
            raise LimitExceeded('too many refused channels')

    def _ask(self, channel: paramiko.Channel, command: bytes) -> bool:
        session = self._session(channel.chanid)
        if session is None or session.command is not None:
            return False
        session.command = command
        return True

    def _start(self, session: Session) -> None:
        grant = self.logged_in_as
        assert grant is not None
        if self._refusal:
            self._count_refused()
        try:
            serve = partial(self._server.service.serve, blob=grant.blob, refusal=self._refusal)
            session.start(serve, self._forget)
        except (OSError, RuntimeError) as error:
            self._server.log.write('error', source=self.source, reason=f'cannot serve a session: {error}')
            raise LimitExceeded('no room for a session') from error

    def _forget(self, session: Session) -> None:
        self._idle_since = time.monotonic()
        with self._lock:
            self._sessions.pop(session.channel.chanid, None)

    def _write_log(self, error: BaseException | None) -> None:
        grant, last = self.logged_in_as, self._last
        self._server.log.write(
            'connection',
            source=self.source,
            user=self._user,
            name=grant.name if grant else None,
            key=grant.fingerprint if grant else None,
            verb=last.verb if last else None,
            app=last.app if last else None,
            status=last.status if last else None,
            sessions=self._served,
            seconds=round(time.monotonic() - self._started, 3),
            reason=self._reason or (last.refusal if last else '') or _why(error),
        )


def _why(error: BaseException | None) -> str:
    if error is None or isinstance(error, EOFError):
        return 'closed by the peer'
    if isinstance(error, LimitExceeded):
        return str(error)
    return f'{type(error).__name__}: {error}'
