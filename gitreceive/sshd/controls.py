"""What a client says beside its data: how large its window is now, and signals."""

import threading
from collections import deque

from gitreceive.grammar.wire import SIGNAL, SIGNALS, WINDOW, Frame
from gitreceive.model.terminal import Window

MAX_SIGNALS = 16


class Controls:
    """Filled by the transport's thread, emptied by the session's. Holds the newest window and a few signals."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._window: Window | None = None
        self._signals: deque[str] = deque(maxlen=MAX_SIGNALS)

    def resize(self, window: Window) -> None:
        """The window has that size now."""
        with self._lock:
            self._window = window

    def signal(self, name: str) -> bool:
        """A signal (RFC 4254, 6.9), without ``SIG``. False if it is none that can be sent."""
        if name not in SIGNALS:
            return False
        with self._lock:
            self._signals.append(name)
        return True

    def take(self) -> list[Frame]:
        """As frames for the daemon; nothing is left."""
        with self._lock:
            frames = [Frame(WINDOW, str(self._window).encode())] if self._window else []
            frames += [Frame(SIGNAL, name.encode()) for name in self._signals]
            self._window = None
            self._signals.clear()
        return frames
