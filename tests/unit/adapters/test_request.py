"""An engine that hangs, breaks off or refuses: a build ends in time and says why. The engine here is a few lines."""

import contextlib
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gitreceive.adapters.buildkit.builder import DockerImageBuilder
from gitreceive.adapters.docker.engine import Engine
from gitreceive.build.ports import BuildJob
from gitreceive.model.app import AppName
from gitreceive.model.cancellation import BuildClock
from gitreceive.model.errors import BuildCancelled, BuildError, EngineGone, SourceError
from gitreceive.model.plan import Recipe
from tests.building import Lines
from tests.fakes import FakeSource

VERSION = json.dumps({'ApiVersion': '1.41'}).encode()
STEP = b'{"stream": "Step 2/3 : RUN npm ci\\n"}\n'
REACHED = threading.Event()
Behaviour = Callable[[socket.socket], None]


@contextlib.contextmanager
def engine(folder: Path, build: Behaviour) -> Iterator[Engine]:
    """An engine that tells its version and does ``build`` with a connection that posts to ``/build``."""
    path = str(folder / 'sock')
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(path)
        listening.listen(8)
        kept: list[socket.socket] = []

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection = listening.accept()[0]
                    kept.append(connection)
                    threading.Thread(target=answer, args=(connection, build), daemon=True).start()

        threading.Thread(target=serve, daemon=True).start()
        yield Engine(f'unix://{path}')
        listening.shutdown(socket.SHUT_RDWR)
        for connection in kept:
            connection.close()


def answer(connection: socket.socket, build: Behaviour) -> None:
    with contextlib.suppress(OSError):
        head = connection.recv(4096)
        if head.startswith(b'GET'):
            length = f'Content-Length: {len(VERSION)}'.encode()
            connection.sendall(
                b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n' + length + b'\r\n\r\n' + VERSION
            )
        elif b'/build/cancel' not in head:
            REACHED.set()
            build(connection)


def read_body(connection: socket.socket) -> None:
    received = b''
    while not received.endswith(b'0\r\n\r\n'):
        received = received[-10:] + connection.recv(1 << 16)


def begin(connection: socket.socket, *lines: bytes) -> None:
    read_body(connection)
    connection.sendall(b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n')
    for line in lines:
        connection.sendall(b'%x\r\n%s\r\n' % (len(line), line))


def stall(connection: socket.socket) -> None:
    """Takes nothing more and says nothing."""


def swallow(connection: socket.socket) -> None:
    read_body(connection)


def start(connection: socket.socket) -> None:
    begin(connection, STEP)


def build(
    engine: Engine, clock: BuildClock, source: FakeSource | None = None, console: Lines | None = None
) -> None:
    job = BuildJob(
        app=AppName('hello'),
        number=1,
        recipe=Recipe(dockerfile='FROM x\n'),
        source=source or FakeSource({'large': bytes(10_000_000)}),
    )
    DockerImageBuilder(engine, '/test', lambda: '').build(job, console or Lines(), clock)


@pytest.mark.parametrize('behaviour', [stall, swallow, start])
def test_a_hanging_engine_does_not_keep_a_cancelled_build(tmp_path: Path, behaviour: Behaviour) -> None:
    """It hangs while it takes the code, before it answers, and in the middle of its answer."""
    ended: list[float] = []
    REACHED.clear()
    with engine(tmp_path, behaviour) as hanging:
        clock = BuildClock(60)

        def run() -> None:
            with pytest.raises(BuildCancelled, match='enough'):
                build(hanging, clock)
            ended.append(time.monotonic())

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        assert REACHED.wait(10)
        time.sleep(0.05)
        stopped = time.monotonic()
        clock.stop(BuildCancelled('enough'))
        thread.join(10)
        assert ended, 'the build did not end'
        assert ended[0] - stopped < 1


def test_an_answer_that_breaks_off_is_the_engine_going_away(tmp_path: Path) -> None:
    def die(connection: socket.socket) -> None:
        begin(connection, STEP)
        connection.shutdown(socket.SHUT_RDWR)

    with engine(tmp_path, die) as dying, pytest.raises(EngineGone, match='went away during "npm ci"'):
        build(dying, BuildClock(60))


def test_an_answer_without_a_result_is_the_engine_going_away(tmp_path: Path) -> None:
    def forget(connection: socket.socket) -> None:
        begin(connection, STEP)
        connection.sendall(b'0\r\n\r\n')

    with engine(tmp_path, forget) as forgetful, pytest.raises(EngineGone, match='went away during "npm ci"'):
        build(forgetful, BuildClock(60))


def test_a_refusal_is_given_in_the_engines_words(tmp_path: Path) -> None:
    def refuse(connection: socket.socket) -> None:
        read_body(connection)
        body = b'{"message":"network mode not supported"}'
        connection.sendall(b'HTTP/1.1 500 Oh\r\nContent-Length: %d\r\n\r\n%s' % (len(body), body))

    with (
        engine(tmp_path, refuse) as refusing,
        pytest.raises(BuildError, match='refused the build: network mode'),
    ):
        build(refusing, BuildClock(60))


def test_code_that_cannot_be_read_is_no_fault_of_the_engine(tmp_path: Path) -> None:
    class Broken(FakeSource):
        @contextlib.contextmanager
        def archive(self, prefix: str):  # type: ignore[no-untyped-def]
            raise SourceError('git archive failed')
            yield

    with engine(tmp_path, start) as fine, pytest.raises(SourceError, match='git archive failed'):
        build(fine, BuildClock(60), Broken({}))


def test_no_engine_at_all_is_named_with_its_address(tmp_path: Path) -> None:
    with pytest.raises(EngineGone, match=f'unix://{tmp_path}/sock'):
        build(Engine(f'unix://{tmp_path}/sock'), BuildClock(60))


def test_a_build_whose_layer_was_removed_is_made_once_more(tmp_path: Path) -> None:
    asked: list[socket.socket] = []
    lost = 'failed to prepare extraction snapshot: parent snapshot sha256:ab does not exist: not found'

    def lose(connection: socket.socket) -> None:
        asked.append(connection)
        begin(connection, json.dumps({'errorDetail': {'message': lost}, 'error': lost}).encode())
        connection.sendall(b'0\r\n\r\n')

    console = Lines()
    with engine(tmp_path, lose) as losing, pytest.raises(BuildError, match='does not exist'):
        build(losing, BuildClock(60), FakeSource({'file': b'x'}), console)
    assert len(asked) == 2
    assert console.steps == ['The engine has lost a layer that this build began from: building again']
