"""A client in a terminal of its own."""

import contextlib
import fcntl
import os
import pty
import select
import struct
import subprocess
import termios
import time
from collections.abc import Mapping, Sequence

PATIENCE = 60


class Screen:
    """Runs ``words``; what is read is what the person before the terminal would see."""

    def __init__(self, words: Sequence[str], environ: Mapping[str, str], rows: int, columns: int) -> None:
        self._ours, theirs = pty.openpty()
        self.resize(rows, columns)
        self.process = subprocess.Popen(
            words,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env=environ,
            start_new_session=True,
            preexec_fn=_controlling,
        )
        os.close(theirs)
        self._seen = b''

    def resize(self, rows: int, columns: int) -> None:
        """The window is dragged."""
        fcntl.ioctl(self._ours, termios.TIOCSWINSZ, struct.pack('HHHH', rows, columns, 0, 0))

    def type(self, keys: bytes) -> None:
        """Keys are pressed."""
        os.write(self._ours, keys)

    def wait_for(self, word: bytes, seconds: float = PATIENCE) -> None:
        """Until ``word`` is seen behind what was waited for last."""
        deadline = time.monotonic() + seconds
        while word not in self._seen:
            left = deadline - time.monotonic()
            assert left > 0, self._seen
            if select.select([self._ours], [], [], left)[0]:
                self._seen += os.read(self._ours, 65536)
        self._seen = self._seen.partition(word)[2]

    def end(self) -> int:
        """The exit status, once it has ended."""
        with contextlib.suppress(OSError):
            while os.read(self._ours, 65536):
                pass
        os.close(self._ours)
        return self.process.wait(PATIENCE)

    def kill(self) -> None:
        """``kill -9``: the client's machine went away."""
        self.process.kill()
        self.end()


def _controlling() -> None:
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
