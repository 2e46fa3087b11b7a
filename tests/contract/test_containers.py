"""Containers in the foreground: the stand-in of unit tests behaves as Docker does."""

import fcntl
import os
import pty
import signal
import socket
import struct
import termios
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import IO

import pytest

from gitreceive.adapters.docker.engine import Engine
from gitreceive.adapters.docker.foreground import DockerContainers
from gitreceive.model.container import HOST, ContainerSpec, PublishedPort, Sandbox, Streams
from gitreceive.model.errors import BadCommand, SourceError, StackError
from gitreceive.model.plan import Stack
from gitreceive.run.ports import Containers
from tests.fakes_containers import FakeContainers
from tests.streams import standard_input

MINE, OWNER = 'gitreceive.test', 'gitreceive.test.owner'


class Place:
    """Containers of the image ``image``; ``leave`` makes one that nobody runs any more."""

    def __init__(
        self, containers: Containers, image: str, leave: Callable[[Mapping[str, str]], object]
    ) -> None:
        self.containers, self.leave, self._image = containers, leave, image
        self.word = uuid.uuid4().hex

    def spec(self, script: str, **words: object) -> ContainerSpec:
        """A shell script, run as root; ``words`` go into the record."""
        command = ('bash', '-c', script)
        made = ContainerSpec(
            image=self._image, command=command, user='0:0', directory='/', env={'WORD': 'one'}
        )
        return replace(made, **words)  # type: ignore[arg-type]

    def run(self, script: str, **words: object) -> int:
        """The exit status of that script."""
        return self.containers.attach(self.spec(script, **words), {MINE: self.word}).run()

    def nothing_left(self) -> bool:
        """Whether no container of this test is there."""
        return self.containers.remove_orphans((MINE, self.word), OWNER, lambda owner: False) == 0


@pytest.fixture(params=['fake', 'docker'])
def place(request: pytest.FixtureRequest) -> Iterator[Place]:
    if request.param == 'fake':
        fake = FakeContainers('tried')
        yield Place(fake, 'tried', fake.there.append)
    else:
        yield request.getfixturevalue('docker_place')


@pytest.fixture
def docker_place(docker_host: str, stack: Stack) -> Iterator[Place]:
    engine = Engine(docker_host)
    with closing(engine.connect()) as client:

        def leave(labels: Mapping[str, str]) -> None:
            config = client.create_container_config(stack.run_image, ['true'], labels=dict(labels))
            client.create_container_from_config(config)

        made = Place(DockerContainers(engine), stack.run_image, leave)
        yield made
        assert made.nothing_left()


def test_output_errors_and_status_are_those_of_the_command(
    place: Place, capfd: pytest.CaptureFixture[str]
) -> None:
    assert place.run('echo "out $WORD"; echo err >&2; exit 9') == 9
    assert capfd.readouterr() == ('out one\n', 'err\n')
    assert place.nothing_left()


def test_input_arrives_to_its_end_where_there_is_one(
    place: Place, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / 'in').write_text('line\n' * 50_000)
    with standard_input(os.open(tmp_path / 'in', os.O_RDONLY)):
        assert place.run('wc -l', streams=Streams.INPUT) == 0
    with standard_input(os.open(tmp_path / 'in', os.O_RDONLY)):
        assert place.run('wc -l', streams=Streams.OUTPUT) == 0
    assert capfd.readouterr().out == '50000\n0\n'


@pytest.mark.parametrize(('stops', 'status'), [(1, 3), (2, 137)])
def test_it_ends_by_sigterm_and_by_sigkill_when_that_is_asked_for_again(
    place: Place, stops: int, status: int
) -> None:
    """The script says by its output that its trap is set."""
    deaf = 'trap "" TERM' if stops == 2 else 'trap "exit 3" TERM'
    spec = place.spec(f'{deaf}; echo ready; for each in {{1..3000}}; do sleep 0.02; done')
    attached = place.containers.attach(spec, {MINE: place.word})
    read, write = os.pipe()
    kept = os.dup(1)
    os.dup2(write, 1)
    os.close(write)

    def stop() -> None:
        assert os.read(read, 6) == b'ready\n'
        stopping = [threading.Thread(target=attached.stop) for _ in range(stops)]
        for thread in stopping:
            thread.start()
        for thread in stopping:
            thread.join()

    stopper = threading.Thread(target=stop)
    stopper.start()
    try:
        assert attached.run() == status
    finally:
        os.dup2(kept, 1)
        stopper.join()
        for descriptor in (kept, read):
            os.close(descriptor)


def test_whoever_reads_no_more_ends_it_as_a_pipe_does(place: Place) -> None:
    read, write = os.pipe()
    kept = os.dup(1)
    os.dup2(write, 1)
    os.close(write)
    os.close(read)
    try:
        assert place.run('while echo more; do :; done') == 128 + signal.SIGPIPE
    finally:
        os.dup2(kept, 1)
        os.close(kept)


def test_the_port_of_the_host_is_told_once_it_has_started(place: Place) -> None:
    told: list[int] = []
    for port in (None, PublishedPort(inside=5000, outside=0)):
        read, write = os.pipe()
        spec = place.spec('cat', port=port, streams=Streams.INPUT)
        with standard_input(read), os.fdopen(write, 'wb') as stream:

            def started(found: int, stream: IO[bytes] = stream) -> None:
                told.append(found)
                stream.close()

            assert place.containers.attach(spec, {MINE: place.word}).run(started) == 0
    assert told[0] == 0 and told[1] > 1023


def test_a_port_that_is_taken_is_refused(place: Place) -> None:
    with closing(socket.create_server((HOST, 0))) as server:
        port = PublishedPort(inside=5000, outside=server.getsockname()[1])
        with pytest.raises(BadCommand, match=f'port {port.outside} of {HOST} is taken'):
            place.run('true', port=port)


def test_an_image_or_a_directory_that_is_not_there_is_told(place: Place, tmp_path: Path) -> None:
    with pytest.raises(StackError, match='has no image gitreceive/none:12-build'):
        place.run('true', image='gitreceive/none:12-build')
    with pytest.raises(SourceError, match=f'does not see {tmp_path}/none'):
        place.run('true', sandbox=Sandbox(mounts={'/app': tmp_path / 'none'}))


def test_what_killed_commands_left_is_removed_and_nothing_else(place: Place) -> None:
    for owner in ('dead', 'alive', 'dead'):
        place.leave({MINE: place.word, OWNER: owner})
    place.leave({MINE: f'{place.word}-other', OWNER: 'dead'})
    mine = (MINE, place.word)
    assert place.containers.remove_orphans(mine, OWNER, lambda owner: owner == 'alive') == 2
    assert place.containers.remove_orphans(mine, OWNER, lambda owner: owner == 'alive') == 0
    assert place.containers.remove_orphans((MINE, f'{place.word}-other'), OWNER, lambda owner: False) == 1
    assert not place.nothing_left()


def test_a_terminal_has_the_size_and_the_keys_of_the_callers(
    docker_place: Place, capfd: pytest.CaptureFixture[str]
) -> None:
    controller, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack('HHHH', 40, 123, 0, 0))
    script = 'until [ "$(stty size)" = "40 123" ]; do sleep 0.05; done; read -r line; echo "<$line>"'
    os.write(controller, b'typed\r')
    before = termios.tcgetattr(terminal)
    with standard_input(os.dup(terminal)):
        assert docker_place.run(script, streams=Streams.TERMINAL) == 0
        assert termios.tcgetattr(0) == before
    assert '<typed>\r\n' in capfd.readouterr().out
    os.close(controller)
    os.close(terminal)
