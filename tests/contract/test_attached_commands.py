"""Commands with somebody's input, output and terminal: processes of this host and containers of an engine are alike."""

import hashlib
import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

import pytest

from gitreceive.adapters.docker.attached import DockerAttachedCommands
from gitreceive.adapters.docker.containers import InstanceContainers
from gitreceive.adapters.docker.engine import Engine
from gitreceive.adapters.docker.network import InstanceNetwork
from gitreceive.config.settings import RunSettings
from gitreceive.model.access import Actor
from gitreceive.model.errors import RunError
from gitreceive.model.operation import Operation, OperationState, redeploy
from gitreceive.model.push import NO_COMMIT
from gitreceive.model.slug import StoredSlug
from gitreceive.model.terminal import Terminal, Window
from gitreceive.run.attached import AttachedCommand, AttachedCommands, Given, one_off_spec
from tests.fakes_attached import FakeCommands
from tests.releases import release_of
from tests.running import HELLO, LOG_BYTES, clean

SCREEN = Terminal('xterm', Window(31, 97))
RELEASE = release_of(
    Operation(
        number=1,
        app=HELLO,
        request=redeploy(NO_COMMIT, 'refs/heads/main'),
        actor=Actor(name='ann'),
        state=OperationState.SUCCEEDED,
    ),
    StoredSlug(sha256='0' * 64, size=1),
)
SETTINGS = RunSettings(memory_bytes=64_000_000, pids=64)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rig:
    """Where commands run; ``left`` says how many containers there are."""

    commands: AttachedCommands
    image: str
    left: Callable[[], int]

    def begin(
        self, command: str, terminal: Terminal | None = None, image: str = ''
    ) -> AbstractContextManager[AttachedCommand]:
        given = Given(image=image or self.image, env={'COLOUR': 'red'}, settings=SETTINGS)
        return self.commands.begin(one_off_spec(RELEASE, 7, command, terminal, given))

    def run(
        self, command: str, terminal: Terminal | None = None, given: bytes = b''
    ) -> tuple[int, bytes, bytes]:
        """Exit status, output and error output."""
        with self.begin(command, terminal) as running:
            feeding = threading.Thread(target=_feed, args=(running, given, terminal is None))
            feeding.start()
            pieces = list(running.output())
            feeding.join(30)
            status = running.status()
        told = (b''.join(each.data for each in pieces if each.error is error) for error in (False, True))
        return status, *told


def _feed(running: AttachedCommand, given: bytes, ends: bool) -> None:
    running.write(given)
    if ends:
        running.end_input()


@contextmanager
def engine_rig(docker_host: str, image: str) -> Iterator[Rig]:
    engine, identity = Engine(docker_host), f'test-{secrets.token_hex(8)}'
    network = InstanceNetwork(engine, lambda: identity)
    containers = InstanceContainers(engine, lambda: identity, network, LOG_BYTES)
    with engine.connect() as client:
        try:
            yield Rig(
                commands=DockerAttachedCommands(containers, 'now'),
                image=image,
                left=lambda: len(client.containers(all=True, filters={'label': containers.mine})),
            )
        finally:
            clean(client, containers.mine)


@pytest.fixture(params=['fake', 'engine'])
def rig(request: pytest.FixtureRequest) -> Iterator[Rig]:
    if request.param == 'fake':
        fake = FakeCommands()
        yield Rig(commands=fake, image='image', left=lambda: len(fake.running))
    else:
        host, image = request.getfixturevalue('docker_host'), request.getfixturevalue('stack').run_image
        with engine_rig(host, image) as made:
            yield made


def waits_for(running: AttachedCommand, word: bytes) -> bytes:
    """What it has printed when it has said that word."""
    said = b''
    for piece in running.output():
        said += piece.data
        if word in said:
            break
    return said


def test_output_and_error_output_are_told_apart_byte_for_byte(rig: Rig) -> None:
    status, out, err = rig.run(r"printf 'a\0\r\n\xff'; printf 'b\n' >&2; exit 7")
    assert (status, out, err) == (7, b'a\0\r\n\xff', b'b\n')
    assert rig.left() == 0


def test_input_is_read_to_its_end_and_comes_back_whole(rig: Rig) -> None:
    given = hashlib.shake_128(b'seed').digest(10_000_000)
    status, out, _ = rig.run('cat', given=given)
    assert (status, out == given) == (0, True)


def test_a_command_finds_the_config_vars_its_name_and_its_port(rig: Rig) -> None:
    _, out, _ = rig.run('echo $COLOUR $DYNO $PORT $TINI_KILL_PROCESS_GROUP.')
    assert out == b'red run.7 5000 .\n'


def test_a_line_is_taken_by_a_shell_as_it_is(rig: Rig) -> None:
    assert rig.run("""echo "a  b" | tr ' ' '-'; echo '$HOME'""")[1] == b'a--b\n$HOME\n'


def test_in_a_terminal_it_has_the_callers_type_and_size_from_the_beginning(rig: Rig) -> None:
    _, out, err = rig.run('stty size; echo $TERM; test -t 0 && test -t 1 && test -t 2 && echo yes', SCREEN)
    assert (out, err) == (b'31 97\r\nxterm\r\nyes\r\n', b'')


def test_the_size_of_the_terminal_changes_with_the_callers(rig: Rig) -> None:
    with rig.begin(
        "trap 'stty size; exit 5' WINCH; echo ready; while :; do sleep 0.05; done", SCREEN
    ) as running:
        waits_for(running, b'ready')
        running.resize(Window(50, 132))
        assert b'50 132' in waits_for(running, b'132')
        assert running.status() == 5


def test_control_c_in_the_terminal_interrupts_what_runs_and_not_the_shell_before_it(rig: Rig) -> None:
    with rig.begin('bash --norc --noprofile -i', SCREEN) as running:
        running.write(b"sh -c 'echo on; echo ready; exec sleep 1000'\n")  # what says so has the terminal then
        waits_for(running, b'\nready')
        running.write(b'\x03')
        running.write(b'echo after-$?; exit 3\n')
        assert b'after-130' in waits_for(running, b'after-130')
        assert running.status() == 3


@pytest.mark.parametrize(('name', 'status'), [('INT', 130), ('TERM', 143), ('KILL', 137)])
def test_a_signal_ends_the_command_and_all_that_it_has_started(rig: Rig, name: str, status: int) -> None:
    with rig.begin('echo ready; sleep 1000; echo not reached') as running:
        waits_for(running, b'ready')
        running.signal(name)
        assert b''.join(each.data for each in running.output()) == b''
        assert running.status() == status


def test_a_command_may_do_something_else_at_a_signal(rig: Rig) -> None:
    script = "trap 'echo caught; exit 9' USR1; echo ready; while :; do sleep 0.05; done"
    with rig.begin(script) as running:
        waits_for(running, b'ready')
        running.signal('USR1')
        waits_for(running, b'caught')
        assert running.status() == 9


def test_a_command_whose_caller_has_gone_ends_even_if_it_does_not_want_to(rig: Rig) -> None:
    with rig.begin("trap '' HUP TERM INT; echo ready; while :; do sleep 0.05; done") as running:
        waits_for(running, b'ready')
        running.end()
        assert not list(running.output())
        assert running.status() == 137
    assert rig.left() == 0


def test_a_command_that_is_left_goes_with_its_context(rig: Rig) -> None:
    with rig.begin('sleep 1000'):
        assert rig.left() == 1
    assert rig.left() == 0


def test_what_has_ended_takes_no_more(rig: Rig) -> None:
    with rig.begin('exit 0', SCREEN) as running:
        list(running.output())
        assert running.status() == 0
        running.write(b'x')
        running.signal('INT')
        running.resize(Window(1, 1))
        running.end()


def test_an_image_that_is_not_there_is_told(rig: Rig) -> None:
    image = 'none' if rig.image == 'image' else f'sha256:{"0" * 64}'
    with pytest.raises(RunError, match='image'), rig.begin('true', image=image):
        pass
    assert rig.left() == 0
