"""Commands that somebody is attached to, as processes of this host: no container, but pipes, terminals and signals are real."""

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import termios
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from gitreceive.model.container import Streams
from gitreceive.model.errors import RunError
from gitreceive.model.instance import InstanceSpec
from gitreceive.model.terminal import Window
from gitreceive.run.attached import GROUP, Printed

PIECE = 65536


class FakeCommands:
    """Satisfies ``AttachedCommands``. ``begun`` are the specs so far, ``running`` what runs."""

    def __init__(self) -> None:
        self.begun: list[InstanceSpec] = []
        self.running: list[FakeCommand] = []

    @contextmanager
    def begin(self, spec: InstanceSpec) -> Iterator['FakeCommand']:
        if spec.container.image == 'none':
            raise RunError(f'the engine has no image {spec.container.image}')
        self.begun.append(spec)
        command = FakeCommand(spec)
        self.running.append(command)
        try:
            yield command
        finally:
            self.running.remove(command)
            command.clear()


class FakeCommand:
    """Satisfies ``AttachedCommand``."""

    def __init__(self, spec: InstanceSpec) -> None:
        self._terminal = spec.container.streams == Streams.TERMINAL
        script, *arguments = spec.container.command
        words = [*spec.container.entry, script.replace('/app', '/proc'), *arguments]
        environ = {**spec.container.env, 'PATH': os.environ['PATH']}
        environ.pop(GROUP)
        if self._terminal:
            ours, theirs = pty.openpty()
            streams = {'stdin': theirs, 'stdout': theirs, 'stderr': theirs}
            self._input, self._outputs = ours, {ours: False}
        else:
            (given, self._input), (out, told), (err, failed) = os.pipe(), os.pipe(), os.pipe()
            streams = {'stdin': given, 'stdout': told, 'stderr': failed}
            self._outputs = {out: False, err: True}
        self._process = subprocess.Popen(
            words, env=environ, start_new_session=True, preexec_fn=self._controlling, **streams
        )
        for descriptor in {*streams.values()}:
            os.close(descriptor)

    def output(self) -> Iterator[Printed]:
        left = dict(self._outputs)
        while left:
            ready, _, _ = select.select(list(left), [], [], 0.1)
            for descriptor in ready:
                try:
                    data = os.read(descriptor, PIECE)
                except OSError:  # nobody has the terminal open any more
                    data = b''
                if data:
                    yield Printed(data, left[descriptor])
                else:
                    del left[descriptor]

    def write(self, data: bytes) -> bool:
        left = memoryview(data)
        try:
            while left:
                left = left[os.write(self._input, left) :]
        except OSError:
            return False
        return True

    def end_input(self) -> None:
        os.close(self._input)

    def resize(self, window: Window) -> None:
        fcntl.ioctl(self._input, termios.TIOCSWINSZ, struct.pack('HHHH', *window, 0, 0))

    def signal(self, name: str) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.Signals[f'SIG{name}'])

    def end(self) -> None:
        self.signal('HUP')
        self.signal('KILL')

    def status(self) -> int:
        status = self._process.wait()
        return status if status >= 0 else 128 - status

    def clear(self) -> None:
        self.signal('KILL')
        self._process.wait()
        for descriptor in {self._input, *self._outputs}:
            with suppress(OSError):
                os.close(descriptor)

    def _controlling(self) -> None:
        if self._terminal:
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)
