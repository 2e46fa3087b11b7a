"""The SSH server: listens, accepts connections within limits, watches the clock, and ends everything at the end."""

import errno
import logging
import os
import resource
import select
import socket
import threading
import time
import traceback
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from paramiko import PKey

from gitreceive.access.book import AccessBook, Grant
from gitreceive.access.places import Places, Subject
from gitreceive.config.home import Home
from gitreceive.config.settings import Settings
from gitreceive.sshd.algorithms import PROFILES, missing
from gitreceive.sshd.connection import Connection
from gitreceive.sshd.hostkey import load_host_keys
from gitreceive.sshd.limits import ServerLimits, bounds
from gitreceive.sshd.listener import BACKLOG, joined, listen
from gitreceive.sshd.log import Log
from gitreceive.sshd.quarantine import sweep
from gitreceive.sshd.service import SessionService
from gitreceive.sshd.slots import RecentAddresses, Slots, group_of, half
from gitreceive.sshd.unborn import sweep_unborn

TICK_SECONDS = 0.25
ENOUGH = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
"""What accept(2) says when the machine has no room for one more."""

LAST_SECONDS = 2.5
"""What connections get to end in."""

TCP = {
    socket.TCP_NODELAY: 1,
    socket.TCP_KEEPIDLE: 60,
    socket.TCP_KEEPINTVL: 15,
    socket.TCP_KEEPCNT: 4,
    socket.TCP_USER_TIMEOUT: 120_000,
}
"""tcp(7). A peer whose host has vanished is noticed within two minutes, also when there is data on the way to it."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A connection that waits for a place: nothing of it has been read."""

    sock: socket.socket
    address: str
    port: int
    group: str
    deadline: float


class SshServer:
    """Binds at once; ``run`` serves until ``stop``. Raises AddressInUse or StateError if it cannot bind or has no usable host key."""

    def __init__(
        self, settings: Settings, *, limits: ServerLimits | None = None, log: Log | None = None
    ) -> None:
        self.limits = limits or ServerLimits()
        self.log = log or Log()
        self.profile = PROFILES[settings.ssh.algorithms]
        self.host_keys: Sequence[PKey] = load_host_keys(Home(settings.home).host_key, self.profile.keys)
        self._places = Places(bounds(settings.keys))
        self.service = SessionService(
            settings=settings,
            book=AccessBook(Home(settings.home).access_db),
            limits=self.limits,
            address=lambda: (settings.ssh.host, self.address[1]),
            places=self._places,
        )
        self._listener = listen(*settings.ssh.address)
        self._recent = RecentAddresses()
        self._slots = Slots(self.limits.unauthenticated, self.limits.unauthenticated_of_address, self._recent)
        self._waiting: deque[Waiting] = deque()
        self._connections: dict[Connection, Subject | None] = {}
        self._lock = threading.Lock()
        self._bell = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._stopping = False
        self._spare = os.open('/dev/null', os.O_RDONLY | os.O_CLOEXEC)

    @property
    def address(self) -> tuple[str, int]:
        """Where it listens."""
        host, port = self._listener.getsockname()[:2]
        return host, port

    def run(self, lifeline: int | None = None) -> None:
        """Serves until ``stop`` is called, or the pipe ``lifeline`` reaches its end."""
        host, port = self.address
        self.log.write('ready', message=f'listening on {joined(host, port)}', port=port, pid=os.getpid())
        repositories = Home(self.service.settings.home).repos
        threading.Thread(target=_sweep, args=(repositories,), name='sweep', daemon=True).start()
        for name in missing(self.profile):
            self.log.write('warning', reason=f'{name} is not available here: a newer cryptography has it')
        poll = select.poll()
        for descriptor in (self._listener.fileno(), self._bell, *([] if lifeline is None else [lifeline])):
            poll.register(descriptor, select.POLLIN)
        while not self._stopping:
            ready = {descriptor for descriptor, _ in poll.poll(TICK_SECONDS * 1000)}
            if lifeline in ready and not os.read(lifeline, 64):
                break
            self._look_around(accepting=self._listener.fileno() in ready)
        self._close()

    def stop(self) -> None:
        """Makes ``run`` return, from any thread or signal handler."""
        self._stopping = True
        self._ring()

    def report(self, failed: threading.ExceptHookArgs) -> None:
        """For ``threading.excepthook``: a thread's unforeseen end is a line in the log, not a traceback on stderr."""
        self.log.write(
            'error', reason=f'{failed.exc_type.__name__}: {failed.exc_value}', where=_where(failed)
        )

    def logged_in(self, connection: Connection, grant: Grant) -> str:
        """A connection has logged in; returns why it is one too many, if it is."""
        self._recent.add(_group(connection))
        self._slots.free(_group(connection))
        self._ring()
        subject = Subject('connection', grant.fingerprint)
        refusal = self._places.take(subject)
        if not refusal:
            with self._lock:
                self._connections[connection] = subject
        return refusal

    def left(self, connection: Connection) -> None:
        """A connection is over."""
        with self._lock:
            if connection not in self._connections:
                return
            subject = self._connections.pop(connection)
        if subject:
            self._places.free(subject)
        if connection.logged_in_as is None:
            self._slots.free(_group(connection))
            self._ring()

    def _ring(self) -> None:
        with suppress(BlockingIOError):
            os.eventfd_write(self._bell, 1)

    def _look_around(self, *, accepting: bool) -> None:
        with suppress(BlockingIOError):
            os.eventfd_read(self._bell)
        now = time.monotonic()
        if accepting:
            self._accept(now)
        for connection in self._everyone():
            reason = connection.overdue(now)
            if reason:
                connection.end(reason)
        self._let_in(now)

    def _everyone(self) -> list[Connection]:
        with self._lock:
            return list(self._connections)

    def _accept(self, now: float) -> None:
        for _ in range(BACKLOG):
            try:
                sock, address = self._listener.accept()
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno in ENOUGH:
                    self._turn_away()
                    return
                continue
            self._queue(sock, address[0], address[1], now)

    def _turn_away(self) -> None:
        """No descriptor is left: one is kept in reserve to take a connection and close it, or accept would spin."""
        self.log.write('error', reason='no more connections: out of file descriptors or memory')
        os.close(self._spare)
        try:
            self._listener.accept()[0].close()
        except OSError:
            time.sleep(0.05)
        finally:
            self._spare = os.open('/dev/null', os.O_RDONLY | os.O_CLOEXEC)

    def _queue(self, sock: socket.socket, address: str, port: int, now: float) -> None:
        group = group_of(address)
        same = sum(1 for waiting in self._waiting if waiting.group == group)
        others = sum(1 for waiting in self._waiting if waiting.group not in self._recent)
        recent = group in self._recent
        room = len(self._waiting) < self.limits.waiting and (recent or others < half(self.limits.waiting))
        newcomer = Waiting(sock, address, port, group, now + self.limits.login_seconds)
        if not same and self._slots.take(group):
            self._begin(newcomer)
        elif room and same < self.limits.waiting_of_address:
            self._waiting.append(newcomer)
        else:
            sock.close()
            source = joined(address, port)
            self.log.write('refused', source=source, reason='too many that have not logged in')

    def _let_in(self, now: float) -> None:
        for waiting in [self._waiting.popleft() for _ in range(len(self._waiting))]:
            if now >= waiting.deadline:
                waiting.sock.close()
                self.log.write(
                    'refused', source=joined(waiting.address, waiting.port), reason='waited too long'
                )
            elif self._slots.take(waiting.group):
                self._begin(waiting)
            else:
                self._waiting.append(waiting)

    def _begin(self, waiting: Waiting) -> None:
        try:
            _prepare(waiting.sock)
            connection = Connection(
                waiting.sock, joined(waiting.address, waiting.port), waiting.deadline, self
            )
        except OSError:
            waiting.sock.close()
            self._slots.free(waiting.group)
            return
        with self._lock:
            self._connections[connection] = None
        try:
            connection.start()
        except RuntimeError:
            waiting.sock.close()
            self.left(connection)
            self.log.write('error', source=connection.source, reason='no more threads')

    def _close(self) -> None:
        self._listener.close()
        for waiting in self._waiting:
            waiting.sock.close()
        everyone = self._everyone()
        for connection in everyone:
            connection.end('the SSH server is ending')
        deadline = time.monotonic() + LAST_SECONDS
        for connection in everyone:
            connection.join(deadline)
        self.log.write('stopped')


def _sweep(repositories: Path) -> None:
    """Removes what the sessions of an earlier SSH server have left behind."""
    sweep_unborn(repositories)
    sweep(repositories)


def _where(failed: threading.ExceptHookArgs) -> str:
    frames = traceback.extract_tb(failed.exc_traceback)
    return f'{os.path.basename(frames[-1].filename)}:{frames[-1].lineno}' if frames else ''


def quiet_paramiko() -> None:
    """paramiko's own log has raw bytes of anybody and a traceback for each of them: nothing of it is kept."""
    logger = logging.getLogger('paramiko')
    logger.setLevel(logging.CRITICAL + 1)
    logger.propagate = False
    logger.addHandler(logging.NullHandler())


def raise_descriptor_limit() -> None:
    """As many files as the host allows this process: a session takes about ten."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, 65536) if most > 0 else 65536, most))


def _prepare(sock: socket.socket) -> None:
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in TCP.items():
        sock.setsockopt(socket.IPPROTO_TCP, option, value)


def _group(connection: Connection) -> str:
    return group_of(connection.source.rpartition(':')[0].strip('[]'))
