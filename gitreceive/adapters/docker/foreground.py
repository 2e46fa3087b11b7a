"""Runs a container in the foreground: its input, output, terminal, end and exit status are those of the caller.

Whatever happens, the container is gone when the call returns.
"""

import contextlib
import fcntl
import os
import signal
import struct
import termios
import threading
import time
import tty
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import FrameType

import requests
from docker import APIClient
from docker.errors import APIError, NotFound

from gitreceive.adapters.docker.attachment import Attachment
from gitreceive.adapters.docker.create import create_request
from gitreceive.adapters.docker.engine import Engine
from gitreceive.model.container import ContainerSpec, Streams, port_taken
from gitreceive.model.errors import BuildError, EngineGone, SourceError, StackError, StateError
from gitreceive.model.stackimages import making
from gitreceive.model.text import path_text

GRACE = 10
"""Seconds between SIGTERM and SIGKILL."""

RESIZES = 10
"""How often the size of a terminal is told: the engine takes it only when the container runs in earnest."""

PIECE = 1 << 16
STDIN, OUT, ERR = 0, 1, 2


class Foreground:
    """One run. Satisfies ``Attached``; ``stop`` may be called before, during and after it."""

    def __init__(self, engine: Engine, spec: ContainerSpec, labels: Mapping[str, str]) -> None:
        self._engine = engine
        self._spec = spec
        self._request = create_request(spec, labels)
        self._terminal = spec.streams == Streams.TERMINAL
        self._stopping = threading.Event()
        self._container = ''

    def run(self, started: Callable[[int], None] = lambda port: None) -> int:
        """See the port. Raises StateError, too, if the output cannot be written."""
        with self._engine.connect() as client, self._created(client):
            # The engine cannot remove a container whose words somebody takes in no more: the connection ends first.
            try:
                with self._attached(client) as connection:
                    self._start(client)
                    if self._stopping.is_set():
                        self.stop()
                    started(self._port(client))
                    with self._input(client, connection):
                        for error, data in connection.pieces():
                            _write_all(ERR if error else OUT, data)
            except BrokenPipeError:
                return 128 + signal.SIGPIPE
            with self._engine.errors('waited for a container'):
                return int(client.wait(self._container, timeout=None)['StatusCode'])

    def stop(self) -> None:
        """Ends it: SIGTERM, and SIGKILL if that is not enough or when it is asked for again."""
        grace = 0 if self._stopping.is_set() and self._container else GRACE
        self._stopping.set()
        if not self._container:
            return
        with contextlib.suppress(EngineGone, BuildError):
            with self._engine.connect() as client, self._engine.errors('stopped a container'):
                client.stop(self._container, timeout=grace)

    @contextmanager
    def _created(self, client: APIClient) -> Iterator[None]:
        image = self._spec.image
        with self._engine.errors(f'created a container of {image}'):
            try:
                created = client.create_container_from_config(self._request)  # type: ignore[no-untyped-call]
            except NotFound as error:
                raise StackError(f'the engine has no image {image}: run "{making(image)}"') from error
            except APIError as error:
                raise _translated(error, self._spec) from error
        self._container = str(created['Id'])
        try:
            yield
        finally:
            self._engine.remove_container(client, self._container)

    @contextmanager
    def _attached(self, client: APIClient) -> Iterator[Attachment]:
        attachment = Attachment(self._engine, client, self._container, given=True, terminal=self._terminal)
        try:
            yield attachment
        finally:
            attachment.hang_up()

    def _start(self, client: APIClient) -> None:
        with self._engine.errors('started a container'):
            try:
                client.start(self._container)
            except APIError as error:
                raise _translated(error, self._spec) from error

    def _port(self, client: APIClient) -> int:
        if self._spec.port is None:
            return 0
        with self._engine.errors('looked at a container'):
            found = client.port(self._container, self._spec.port.inside)
        return int(found[0]['HostPort']) if found else 0

    @contextmanager
    def _input(self, client: APIClient, connection: Attachment) -> Iterator[None]:
        if self._spec.streams == Streams.OUTPUT:
            yield
            return
        pump = threading.Thread(target=_pass_input, args=(connection,), daemon=True)
        if not self._terminal:
            pump.start()
            yield
            return
        with _raw_terminal(lambda: self._resize(client)):
            pump.start()
            yield

    def _resize(self, client: APIClient) -> None:
        rows, columns, _, _ = struct.unpack('HHHH', fcntl.ioctl(STDIN, termios.TIOCGWINSZ, bytes(8)))
        if not rows or not columns:
            return
        for number in range(RESIZES):
            try:
                client.resize(self._container, rows, columns)
                return
            except (APIError, requests.RequestException):
                time.sleep(0.01 * (number + 1))


class DockerContainers:
    """Runs containers in the foreground. Satisfies ``Containers``."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def attach(self, spec: ContainerSpec, labels: Mapping[str, str]) -> Foreground:
        """See the port."""
        return Foreground(self._engine, spec, labels)

    def remove_orphans(self, mine: tuple[str, str], owner_label: str, alive: Callable[[str], bool]) -> int:
        """See the port."""
        removed = 0
        with self._engine.connect() as client:
            with self._engine.errors('looked for containers that were left behind'):
                found = client.containers(all=True, filters={'label': '='.join(mine)})
            for container in found:
                if not alive(container['Labels'].get(owner_label, '')):
                    self._engine.remove_container(client, container['Id'])
                    removed += 1
        return removed


def _pass_input(connection: Attachment) -> None:
    with contextlib.suppress(OSError):
        while (data := os.read(STDIN, PIECE)) and connection.write(data):
            pass
    connection.end_input()


@contextmanager
def _raw_terminal(resize: Callable[[], None]) -> Iterator[None]:
    """The terminal hands every key on, and ``resize`` is called now and when its size changes."""
    before = termios.tcgetattr(STDIN)

    def resized(number: int, frame: FrameType | None) -> None:
        threading.Thread(target=resize, daemon=True).start()

    handler = signal.signal(signal.SIGWINCH, resized)
    tty.setraw(STDIN, termios.TCSADRAIN)
    try:
        resize()
        yield
    finally:
        termios.tcsetattr(STDIN, termios.TCSADRAIN, before)
        signal.signal(signal.SIGWINCH, handler)


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    try:
        while view:
            view = view[os.write(descriptor, view) :]
    except BrokenPipeError:
        raise
    except OSError as error:
        raise StateError(f'cannot pass on the output: {error.strerror}') from error


def _translated(error: APIError, spec: ContainerSpec) -> Exception:
    text = str(error.explanation or error)
    if spec.port and ('port is already allocated' in text or 'address already in use' in text):
        return port_taken(spec.port.outside)
    if 'bind source path does not exist' in text:
        source = path_text(', '.join(map(str, spec.sandbox.mounts.values())))
        return SourceError(
            f'the Docker engine does not see {source}: it has to be on this machine, and see the same files'
        )
    return error
