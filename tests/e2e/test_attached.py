"""Commands of people in containers of the live release: with the real SSH client, and on the host."""

import hashlib
import os
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import closing

import docker
import pytest

from gitreceive.adapters.docker import labels
from gitreceive.config.identity import receiver_identity
from tests.e2e.receiver import Pusher, make_app
from tests.e2e.running import RunningReceiver
from tests.e2e.screen import Screen
from tests.memory import memory
from tests.waiting import wait_until

PATIENCE = 60


@pytest.fixture(scope='module')
def ann(receivers: Callable[..., Pusher], tmp_path_factory: pytest.TempPathFactory) -> Pusher:
    """With an app that has a release, and a config var."""
    folder = tmp_path_factory.mktemp('attached')
    pusher = receivers(folder, RunningReceiver, GITRECEIVE_ROUTER_HAPROXY='')
    pusher.receiver.start()
    work = make_app(folder / 'work', {'Procfile': b'task: sleep 1000\n'})
    pusher.ssh('apps', 'create', 'hello')
    pusher.ssh('config', 'set', 'hello', 'COLOUR=red')
    pushed = pusher.push(work, 'hello')
    assert pushed.status == 0, pushed.err
    return pusher


def on_host(ann: Pusher, *words: str) -> list[str]:
    return [ann.receiver.python, '-m', 'gitreceive.cli.main', 'run', 'hello', '--', *words]


def over_ssh(ann: Pusher, command: str, *options: str) -> list[str]:
    return [*ann.ssh_words(), *options, 'git@127.0.0.1', 'run', 'hello', '--', command]


@pytest.fixture(params=['ssh', 'host'])
def screen(request: pytest.FixtureRequest, ann: Pusher) -> Callable[[str], Screen]:
    def begin(command: str) -> Screen:
        words = over_ssh(ann, command, '-t') if request.param == 'ssh' else on_host(ann, command)
        return Screen(words, {**os.environ, **ann.receiver.environ, 'TERM': 'vt100'}, 31, 97)

    return begin


def left(ann: Pusher) -> int:
    """How many containers of commands there are."""
    receiver = ann.receiver
    mine = [f'{labels.HOME}={receiver_identity(receiver.home)}', labels.COMMAND]
    with closing(docker.APIClient(base_url=receiver.docker_host, version='auto')) as client:
        return len(client.containers(all=True, filters={'label': mine}))


def test_a_command_has_the_release_its_config_vars_and_its_status(ann: Pusher) -> None:
    line = 'echo "$COLOUR  $DYNO" | tr a-z A-Z; cat Procfile; pwd; id -un >&2; exit 7'
    done = ann.ssh('run', 'hello', '--', line)
    assert (done.status, done.err) == (7, 'app\n')
    assert done.out == 'RED  RUN.1\ntask: sleep 1000\n/app/src\n'
    assert left(ann) == 0
    done = ann.receiver.host('run', 'hello', '--', 'echo', 'a  b', '$COLOUR')
    assert (done.status, done.out) == (0, 'a  b $COLOUR\n')


def test_a_shell_in_a_terminal_is_as_one_at_hand(screen: Callable[[str], Screen]) -> None:
    here = screen('bash --norc --noprofile -i')
    here.type(b'stty size; echo $TERM-$((1+1))\n')
    here.wait_for(b'31 97')
    here.wait_for(b'vt100-2')
    here.type(b"sh -c 'echo on-$((1+1)); exec sleep 1000'\n")  # what says so has the terminal then
    here.wait_for(b'on-2')
    here.resize(50, 132)
    here.type(b'\x03')
    here.type(b'until [ "$(stty size)" = "50 132" ]; do sleep 0.1; done; echo sized-$((1+1))\n')
    here.wait_for(b'sized-2')
    here.type(b'echo after-$((1+1)); exit 9\n')
    here.wait_for(b'after-2')
    assert here.end() == 9


@pytest.mark.slow
@pytest.mark.parametrize('way', [over_ssh, on_host])
def test_ten_megabytes_pass_both_ways_as_they_are(
    ann: Pusher, way: Callable[[Pusher, str], list[str]]
) -> None:
    given = hashlib.shake_128(b'x').digest(10_000_000)
    done = subprocess.run(
        way(ann, 'cat; echo ended >&2'),
        input=given,
        capture_output=True,
        timeout=PATIENCE,
        env=ann.receiver.environ,
    )
    assert (done.returncode, done.stderr, done.stdout == given) == (0, b'ended\n', True)


@pytest.mark.slow
def test_a_client_that_is_killed_takes_its_command_along(
    ann: Pusher, screen: Callable[[str], Screen]
) -> None:
    here = screen('trap "" HUP INT TERM; echo ready-$((1+1)); while :; do sleep 0.1; done')
    here.wait_for(b'ready-2')
    assert left(ann) == 1
    here.kill()
    wait_until(lambda: not left(ann), PATIENCE, 'the container to go')


@pytest.mark.slow
@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_on_the_host_reaches_the_command(ann: Pusher, number: signal.Signals) -> None:
    words = on_host(ann, 'echo ready; sleep 1000; echo not reached')
    with subprocess.Popen(
        words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, env=ann.receiver.environ
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == b'ready\n'
        process.send_signal(number)
        assert process.stdout.read() == b''
        assert process.wait(PATIENCE) == 128 + number


def test_what_cannot_be_run_says_why(ann: Pusher) -> None:
    ann.ssh('apps', 'create', 'empty')
    refused = ann.ssh('run', 'empty', '--', 'ls')
    assert (refused.status, 'no release' in refused.err) == (1, True)
    refused = ann.ssh('run', 'nobody', '--', 'ls')
    assert (refused.status, 'no app nobody' in refused.err) == (1, True)
    refused = ann.ssh('run', 'hello')
    assert (refused.status, 'COMMAND is missing' in refused.err) == (1, True)


@pytest.mark.slow
def test_commands_that_a_killed_daemon_leaves_go_at_the_next_start(ann: Pusher) -> None:
    words = over_ssh(ann, 'echo ready; sleep 1000')
    with subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == b'ready\n'
        ann.receiver.kill('daemon')
        assert process.wait(PATIENCE) == 1
    wait_until(lambda: ann.receiver.home.socket.exists() and ann.receiver.answers(), PATIENCE, 'the daemon')
    wait_until(lambda: not left(ann), PATIENCE, 'the container to go')


@pytest.mark.slow
def test_a_client_that_reads_nothing_and_a_command_that_reads_nothing_fill_no_memory(ann: Pusher) -> None:
    parts = [ann.receiver.pid(name) for name in ('daemon', 'sshd')]
    before = [memory(pid, 'VmRSS') for pid in parts]
    clients = [
        subprocess.Popen(over_ssh(ann, command), stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        for command in ('echo ready; cat /dev/zero', 'echo ready; sleep 1000')
    ]
    try:
        for each in clients:
            assert each.stdout
            assert each.stdout.readline() == b'ready\n'
        assert clients[1].stdin
        assert poured(clients[1].stdin.fileno(), 5) < 20_000_000
        grown = [memory(pid, 'VmRSS') - size for pid, size in zip(parts, before, strict=True)]
        assert max(grown) < 40_000_000, grown
    finally:
        for each in clients:
            each.kill()
            each.communicate()
    wait_until(lambda: not left(ann), PATIENCE, 'the containers to go')


def poured(descriptor: int, seconds: float) -> int:
    """How many bytes somebody takes in so many seconds."""
    os.set_blocking(descriptor, False)
    end, taken = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        try:
            taken += os.write(descriptor, bytes(1 << 20))
        except BlockingIOError:
            time.sleep(0.05)
    return taken
