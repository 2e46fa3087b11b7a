"""One session on a connection: a channel, what was asked for on it, and the thread that serves it."""

import os
import re
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import paramiko

from gitreceive.model.terminal import Terminal
from gitreceive.sshd.controls import Controls
from gitreceive.sshd.feed import Feed
from gitreceive.sshd.transport import ServerTransport

ENVIRONMENT = {
    'GIT_PROTOCOL': re.compile(r'version=[0-2]'),
    'LANG': re.compile(r'[A-Za-z]{1,8}(_[A-Za-z]{1,8})?(\.[A-Za-z0-9-]{1,16})?(@[a-z]{1,16})?'),
    'TERM': re.compile(r'[A-Za-z0-9][A-Za-z0-9.+-]{0,31}'),
}
"""The variables that a client may set, and what they may hold."""

GONE = (OSError, EOFError, paramiko.SSHException)
"""What writing to a channel raises when its peer has gone."""


class Session:
    """A channel of kind ``session``. ``command`` is None until something is asked for; empty asks for a shell."""

    def __init__(self, channel: paramiko.Channel, transport: ServerTransport) -> None:
        self.channel = channel
        channel.settimeout(0.0)
        self.feed = Feed(transport.default_window_size)
        self.environment: dict[str, str] = {}
        self.requests = 0
        self.command: bytes | None = None
        self.calling: Terminal | None = None
        self.controls = Controls()
        self.raw = False
        self.resized = 0
        self.verb = ''
        self.app = ''
        self.refusal = ''
        self.status: int | None = None
        self._transport = transport
        self._closed = threading.Event()
        self._on_close: Callable[[], None] | None = None
        self._wake = -1
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    @property
    def terminal(self) -> bool:
        """Whether the client has a terminal, which it has put into raw mode."""
        return self.calling is not None

    @property
    def cooked(self) -> bool:
        """Whether this side does for that terminal what a terminal's driver does; with ``raw`` somebody else does."""
        return self.terminal and not self.raw

    @property
    def started(self) -> bool:
        """Whether a thread serves it."""
        return self._thread is not None

    @property
    def closed(self) -> bool:
        """Whether the peer has gone."""
        return self._closed.is_set()

    @property
    def wake_descriptor(self) -> int:
        """Readable when something has happened to the channel; for the session's own thread."""
        return self._wake

    def allow(self, name: bytes, value: bytes) -> bool:
        """Takes a variable of the client's if it is a harmless one."""
        try:
            key, text = name.decode('ascii'), value.decode('ascii')
        except UnicodeDecodeError:
            return False
        pattern = ENVIRONMENT.get(key)
        if self.started or pattern is None or not pattern.fullmatch(text):
            return False
        self.environment[key] = text
        return True

    def start(self, serve: Callable[['Session'], int], finished: Callable[['Session'], None]) -> None:
        """Serves the command in a thread of its own. Raises RuntimeError or OSError if there is no room for one."""
        self._wake = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._thread = threading.Thread(target=self._run, args=(serve, finished), daemon=True)
        try:
            self._thread.start()
        except RuntimeError:
            os.close(self._wake)
            self._wake = -1
            raise

    def wake(self) -> None:
        """Makes the session's thread look around."""
        with self._lock:
            if self._wake >= 0:
                with suppress(BlockingIOError):
                    os.eventfd_write(self._wake, 1)

    def look(self) -> None:
        """Clears the wake descriptor, and grants the peer what is taken of its data.

        What waits is written first: a peer that has used up its window sends nothing more that would wake anybody.
        """
        with suppress(BlockingIOError):
            os.eventfd_read(self._wake)
        self.feed.drain()
        count = self.feed.due()
        if count and not self.closed:
            self._transport.grant(self.channel, count)

    def hang_up(self) -> None:
        """From the transport's thread: the peer has closed the channel, or is gone."""
        self._closed.set()
        with self._lock:
            action = self._on_close
        if action:
            action()
        self.wake()

    def when_closed(self, action: Callable[[], None]) -> None:
        """Calls ``action`` when the peer goes away, from another thread; at once if it has."""
        with self._lock:
            self._on_close = action
        if self.closed:
            action()

    def send(self, data: memoryview) -> int:
        """To the client's standard output, as much as it takes. Raises TimeoutError for nothing, BrokenPipeError when it has gone."""
        return self._sent(self.channel.send, data)

    def send_error(self, data: memoryview) -> int:
        """To its standard error."""
        return self._sent(self.channel.send_stderr, data)

    def join(self, seconds: float) -> None:
        """Waits for the thread."""
        if self._thread:
            self._thread.join(max(0.0, seconds))

    def _sent(self, send: Callable[[Any], int], data: memoryview) -> int:
        try:
            return send(data)
        except TimeoutError:
            raise
        except GONE as error:
            raise BrokenPipeError('the client has gone') from error

    def _run(self, serve: Callable[['Session'], int], finished: Callable[['Session'], None]) -> None:
        status = 1
        try:
            status = self.status = serve(self)
        finally:
            with suppress(*GONE):
                self.channel.send_exit_status(status)
            with suppress(*GONE):
                self.channel.close()
            self.feed.close()
            with self._lock:
                os.close(self._wake)
                self._wake = -1
            finished(self)
