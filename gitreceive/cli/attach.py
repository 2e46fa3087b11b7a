"""The caller's terminal, input and signals, attached to a command that the daemon runs."""

import os
import select
import signal
import socket
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext

from gitreceive.grammar import wire
from gitreceive.grammar.wire import ERROR, INPUT, INPUT_END, SIGNAL, SILENCE_SECONDS, WINDOW, Frame, Outbox
from gitreceive.local.terminal import raw_terminal, window

STDIN = 0
PIECE = 65536
PASSED_ON = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)


def attach(answer: wire.Answer, *, terminal: bool) -> int:
    """The exit status of the command; 128 and more if the caller has had enough of waiting for its end.

    ``terminal`` says whether it has one: then the caller's hands every key on. Raises DaemonUnreachable.
    """
    with answer, _Signals() as signals, raw_terminal() if terminal else nullcontext():
        return _Attached(answer, signals, terminal).run()


class _Attached:
    def __init__(self, answer: wire.Answer, signals: '_Signals', terminal: bool) -> None:
        self._answer, self._signals, self._terminal = answer, signals, terminal
        self._outbox = Outbox(answer)
        self._reading = True
        self._heard = time.monotonic()

    def run(self) -> int:
        while self._answer.end is None:
            ready = self._wait()
            for number in self._signals.take():
                if self._signals.again(number):
                    return 128 + number
                self._outbox.add([self._control(number)])
            if STDIN in ready:
                self._outbox.add(self._given())
            self._outbox.pump()
            if self._answer.fileno() in ready:
                self._heard = time.monotonic()
                _print(self._answer.receive())
            elif time.monotonic() > self._heard + SILENCE_SECONDS:
                raise wire.silent()
        return self._answer.status

    def _wait(self) -> set[int]:
        poll = select.poll()
        poll.register(self._signals, select.POLLIN)
        poll.register(self._answer, select.POLLIN | select.POLLOUT * bool(self._outbox.waiting))
        if self._reading and not self._outbox.waiting:
            poll.register(STDIN, select.POLLIN)
        found = poll.poll(SILENCE_SECONDS * 1000)
        return {number for number, events in found if events != select.POLLOUT}

    def _given(self) -> Iterable[Frame]:
        data = os.read(STDIN, PIECE)
        self._reading = bool(data)
        return [Frame(INPUT, data) if data else Frame(INPUT_END)]

    def _control(self, number: int) -> Frame:
        if number == signal.SIGWINCH:
            return Frame(WINDOW, str(window()).encode())
        return Frame(SIGNAL, signal.Signals(number).name.removeprefix('SIG').encode())


class _Signals:
    """Signals as something to read. One that was ignored (by nohup, or for a shell's background) stays so."""

    def __init__(self) -> None:
        self._ours, self._theirs = socket.socketpair()
        self._theirs.setblocking(False)
        self._ours.setblocking(False)
        self._seen: set[int] = set()
        self._context = self._caught()

    def __enter__(self) -> '_Signals':
        self._context.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._context.__exit__(None, None, None)

    def fileno(self) -> int:
        return self._ours.fileno()

    def take(self) -> bytes:
        """The numbers of those that came."""
        try:
            return self._ours.recv(64)
        except BlockingIOError:
            return b''

    def again(self, number: int) -> bool:
        """Whether a command was told to end before, in this way."""
        again = number in self._seen and number in PASSED_ON
        self._seen.add(number)
        return again

    @contextmanager
    def _caught(self) -> Iterator[None]:
        terminal = (signal.SIGWINCH,) if sys.stdin and sys.stdin.isatty() else ()
        caught = [one for one in PASSED_ON if signal.getsignal(one) is not signal.SIG_IGN]
        before = {one: signal.signal(one, lambda *_: None) for one in (*caught, *terminal)}
        bell = signal.set_wakeup_fd(self._theirs.fileno(), warn_on_full_buffer=False)
        try:
            yield
        finally:
            signal.set_wakeup_fd(bell)
            for one, handler in before.items():
                signal.signal(one, handler)
            self._ours.close()
            self._theirs.close()


def _print(frames: Iterable[Frame]) -> None:
    """Byte for byte. Raises BrokenPipeError if nobody listens."""
    for frame in frames:
        left = memoryview(frame.payload)
        while left:
            left = left[os.write(2 if frame.kind == ERROR else 1, left) :]
