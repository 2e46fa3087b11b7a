"""One conversation with the daemon: a request, what its asker sends meanwhile, and the frames of the answer."""

import socket
import struct
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from gitreceive.grammar.wire import (
    ALIVE,
    INPUT,
    INPUT_END,
    MAX_REQUEST,
    REQUEST,
    REQUEST_PART,
    SIGNAL,
    WINDOW,
    BrokenFrame,
    Frame,
    FrameReader,
    request_fields,
)

SEND_SECONDS = 60.0
"""An asker that reads nothing for so long is gone; what was asked for does not depend on it."""

ALIVE_SECONDS = 2.0
"""After so long without output the asker hears that its answer is on the way."""

CONTROLS = (WINDOW, SIGNAL)
"""Frames that overtake input: a command that reads nothing can be interrupted."""

MAX_CONTROLS = 32
"""So many of them wait; the oldest are forgotten."""

MAX_HELD = 1 << 18
"""Bytes of input that wait for whoever answers; no more is read from the asker meanwhile."""


class AskerGone(Exception):
    """The asker has closed its end."""


class Conversation:
    """What the daemon's loop feeds and an answering thread serves. ``fields`` is the request, empty until it is whole.

    ``read`` is told whether more is to be read from the asker; any thread may call it.
    """

    def __init__(
        self, connection: socket.socket, peer: int, read: Callable[[bool], None] = lambda more: None
    ) -> None:
        self.connection, self.peer, self._read = connection, peer, read
        self.began = self._sent = time.monotonic()
        self.fields: list[str] = []
        self._reader, self._request = FrameReader(), bytearray()
        self._lock = threading.Lock()
        self._came = threading.Condition()
        self._inbox: deque[Frame] = deque()
        self._controls: deque[Frame] = deque(maxlen=MAX_CONTROLS)
        self._held = 0
        self._gone = False
        self._holders = 1
        self._paused = False
        self._actions: list[Callable[[], None]] = []
        connection.settimeout(None)
        self._wait_at_most(SEND_SECONDS)

    # for the loop

    def feed(self, data: bytes) -> bool:
        """Takes what the asker sent; True if that has made the request whole. Raises BrokenFrame."""
        before = bool(self.fields)
        for frame in self._reader.feed(data):
            self._take(frame)
        return bool(self.fields) and not before

    def keep_alive(self, now: float) -> None:
        """Lets an asker that waits know that its answer is on the way; never waits itself."""
        if now - self._sent < ALIVE_SECONDS or not self._lock.acquire(blocking=False):
            return
        try:
            self.connection.send(Frame(ALIVE).packed, socket.MSG_DONTWAIT)
            self._sent = now
        except OSError:
            pass  # it reads nothing: there is enough for it to read
        finally:
            self._lock.release()

    def hang_up(self) -> None:
        """The asker has gone."""
        with self._came:
            self._gone = True
            actions, self._actions = self._actions, []
            self._came.notify_all()
        for action in actions:
            action()

    def hold(self) -> None:
        """A thread more uses the connection: its number is given to nobody else before all have let go."""
        with self._came:
            self._holders += 1

    def release(self) -> None:
        """A thread less uses the connection; the last one closes it."""
        with self._came:
            self._holders -= 1
            if not self._holders:
                self.connection.close()

    # for the answering thread

    @property
    def gone(self) -> bool:
        """Whether the asker has gone."""
        return self._gone

    @contextmanager
    def call_when_gone(self, action: Callable[[], None]) -> Iterator[None]:
        """While it lasts, ``action`` is called when the asker goes, from another thread; at once if it has gone."""
        with self._came:
            gone = self._gone
            self._actions.append(action)
        if gone:
            action()
        try:
            yield
        finally:
            with self._came:
                if action in self._actions:
                    self._actions.remove(action)

    def send(self, frame: Frame) -> None:
        """Sends a frame whole. Raises AskerGone."""
        if self._gone:
            raise AskerGone
        with self._lock:
            try:
                self.connection.sendall(frame.packed)
            except OSError as error:
                raise AskerGone from error
            self._sent = time.monotonic()

    def receive(self) -> Frame:
        """What the asker sends next. Raises AskerGone."""
        with self._came:
            while not self._inbox:
                if self._gone:
                    raise AskerGone
                self._came.wait()
            frame = self._inbox.popleft()
            self._held -= len(frame.payload)
            if self._paused and self._held < MAX_HELD:
                self._paused = False
                self._read(True)
            return frame

    def receive_control(self) -> Frame:
        """The asker's next signal or size of its window. Raises AskerGone."""
        with self._came:
            while not self._controls:
                if self._gone:
                    raise AskerGone
                self._came.wait()
            return self._controls.popleft()

    def wait_for_reader(self) -> None:
        """From now on an asker may read nothing for as long as it is there: it holds up its own command and nothing else."""
        self._wait_at_most(0)

    def _wait_at_most(self, seconds: float) -> None:
        """How long ``sendall`` waits (0: for ever): by the kernel, for a timeout of Python's holds up MSG_DONTWAIT, too."""
        timeval = struct.pack('ll', int(seconds), int(seconds % 1 * 1e6))
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, timeval)

    def read_input(self, limit: int) -> bytes:
        """All of the asker's input, but at most ``limit`` bytes and one more. Raises AskerGone."""
        data = b''
        while len(data) <= limit and (frame := self.receive()).kind != INPUT_END:
            data += frame.payload if frame.kind == INPUT else b''
        return data[: limit + 1]

    def _take(self, frame: Frame) -> None:
        if self.fields:
            with self._came:
                if frame.kind in CONTROLS:
                    self._controls.append(frame)
                    self._came.notify_all()
                    return
                self._inbox.append(frame)
                self._held += len(frame.payload)
                if self._held >= MAX_HELD and not self._paused:
                    self._paused = True
                    self._read(False)
                self._came.notify_all()
            return
        if frame.kind not in (REQUEST, REQUEST_PART):
            raise BrokenFrame(f'a frame of kind {frame.kind!r} before the request')
        self._request += frame.payload
        if len(self._request) > MAX_REQUEST:
            raise BrokenFrame(f'a request of over {MAX_REQUEST} bytes')
        if frame.kind == REQUEST:
            self.fields, self._request = request_fields(bytes(self._request)), bytearray()
