"""A client without SSH: what it sends is there from the beginning, what it gets is kept."""

import os
from collections.abc import Callable
from contextlib import suppress

from gitreceive.sshd.feed import Feed


class LocalPeer:
    """Satisfies ``Peer``. ``room`` is how many bytes of output it takes before it has to be woken; None: all."""

    def __init__(self, sent: bytes, room: int | None = None) -> None:
        self.feed = Feed(1 << 26)
        self.feed.take(sent)
        self.out, self.err = bytearray(), bytearray()
        self.closed = False
        self.room = room
        self.wake_descriptor = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._actions: list[Callable[[], None]] = []

    def look(self) -> None:
        with suppress(BlockingIOError):
            os.eventfd_read(self.wake_descriptor)

    def send(self, data: memoryview) -> int:
        return self._take(self.out, data)

    def send_error(self, data: memoryview) -> int:
        return self._take(self.err, data)

    def when_closed(self, action: Callable[[], None]) -> None:
        self._actions.append(action)

    def go(self) -> None:
        """Hangs up."""
        self.closed = True
        for action in self._actions:
            action()
        self.wake()

    def read(self) -> None:
        """Takes everything from now on."""
        self.room = None
        self.wake()

    def wake(self) -> None:
        os.eventfd_write(self.wake_descriptor, 1)

    def close(self) -> None:
        os.close(self.wake_descriptor)

    def _take(self, kept: bytearray, data: memoryview) -> int:
        if self.closed:
            raise BrokenPipeError('gone')
        if self.room is None:
            kept += data
            return len(data)
        count = min(self.room, len(data))
        if not count:
            raise TimeoutError
        self.room -= count
        kept += data[:count]
        return count
