"""A process type runs as at the receiver, ends as it is told, and leaves nothing; ``clean`` takes its images."""

import os
import pty
import re
import signal
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from gitreceive.adapters.docker.engine import Engine
from gitreceive.adapters.docker.foreground import Foreground
from gitreceive.model.container import port_taken
from gitreceive.model.errors import BadCommand
from gitreceive.model.plan import Stack
from gitreceive.model.process import ProcessType
from gitreceive.run.spec import process_spec
from tests.building import FROM, workshop
from tests.integration.local.machine import GITRECEIVE, Machine, Screen, fetched


def test_a_process_runs_as_in_its_slug_with_the_variables_of_the_env_file(machine: Machine) -> None:
    done = machine.run('start', 'once')
    assert done.returncode == 7, done.stderr
    assert done.stdout == '5000 5000\n/app/src\napp\nProcfile\nserver.pl\n'
    assert done.stderr.endswith("good  morning # 'all'\nof you\n")
    assert '-----> Minimal app detected (Procfile)' in done.stderr
    assert 'prepare' in done.stderr


def test_the_second_start_of_an_unchanged_app_builds_nothing(machine: Machine) -> None:
    machine.run('start', 'once')
    images = machine.images()
    done = machine.run('start', 'once')
    assert done.returncode == 7
    assert machine.images() == images
    assert '-----> prepare' not in done.stderr
    assert 'Unchanged since the last build: prepare' in done.stderr


def test_an_app_that_changed_is_built_again_and_its_old_images_go(machine: Machine) -> None:
    machine.run('start', 'once')
    before = machine.images()
    (machine.folder / 'new').write_text('content')
    try:
        done = machine.run('start', 'once')
    finally:
        (machine.folder / 'new').unlink()
    assert 'new\n' in done.stdout
    after = machine.images()
    assert len(after) == len(before) == 2
    assert not set(after) & set(before)


def test_a_process_is_given_the_input_that_it_is_asked_to_have(machine: Machine) -> None:
    assert machine.run('start', 'console', text='echo "$DYNO"; id -un; exit 6').stdout == ''
    done = machine.run('start', 'console', '-i', text='echo "$DYNO"; id -un; exit 6')
    assert (done.returncode, done.stdout) == (6, 'console.1\napp\n'), done.stderr


def test_a_console_has_the_terminal_with_its_keys(machine: Machine) -> None:
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(machine.folder)
        os.execve(
            sys.executable, [*GITRECEIVE, 'start', '-i', 'console'], {**machine.environ, 'TERM': 'xterm'}
        )
    screen = Screen(terminal)
    screen.until('[$#] ')
    os.write(terminal, b'echo "<$TERM>"; sh -c \'echo run""ning; sleep 1000\'\n')
    screen.until(r'<xterm>\r\nrunning')
    os.write(terminal, b'\x03')
    screen.until(r'\^C')
    os.write(terminal, b'exit 9\n')
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    os.close(terminal)


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_a_process_with_its_own_last_words_and_status(machine: Machine, number: int) -> None:
    process = machine.start('start', '-p', '0', until='ready on 5000')
    url = re.search(r'Running web on (http://127\.0\.0\.1:\d+/)', machine.said)
    assert url, machine.said
    assert fetched(url[1]) == "good  morning # 'all'\nof you"
    process.send_signal(number)
    assert process.communicate(timeout=60)[0].endswith('going\n')
    assert process.returncode == 3


def test_a_process_that_is_deaf_is_killed_after_the_grace_or_at_the_second_signal(machine: Machine) -> None:
    process = machine.start('start', 'deaf', until='up\n')
    process.send_signal(signal.SIGTERM)
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(2)
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 128 + signal.SIGKILL


def test_several_run_at_once_each_on_a_port_of_its_own(machine: Machine) -> None:
    first = machine.start('start', '-p', '0', until='ready on')
    port = re.search(r'127\.0\.0\.1:(\d+)/', machine.said)
    assert port
    taken = machine.run('start', '-p', port[1])
    assert taken.returncode == 23
    assert taken.stderr == f' !     {port_taken(int(port[1]))}\n'
    second = machine.start('start', '-p', '0', until='ready on')
    for process in (first, second):
        process.terminate()
        assert process.wait(60) == 3


def test_a_port_that_is_taken_while_the_app_is_built_is_told_as_well(machine: Machine, stack: Stack) -> None:
    with socket.create_server(('127.0.0.1', 0)) as other:
        port = other.getsockname()[1]
        spec = process_spec(stack.run_image, ProcessType(name='web', command='true'), {}, stack.uid, port)
        with pytest.raises(BadCommand, match=re.escape(str(port_taken(port)))):
            Foreground(Engine(machine.environ['DOCKER_HOST']), spec, {}).run()


def test_several_may_build_at_once(machine: Machine) -> None:
    (machine.folder / 'new').touch()
    try:
        with ThreadPoolExecutor() as pool:
            found = list(pool.map(lambda _: machine.run('start', 'once'), range(3)))
    finally:
        (machine.folder / 'new').unlink()
    assert [done.returncode for done in found] == [7, 7, 7], [done.stderr for done in found]
    assert len(machine.images()) == 2


def test_what_a_killed_command_leaves_is_removed_by_the_next(machine: Machine) -> None:
    process = machine.start('start', 'deaf', until='up\n')
    process.kill()
    process.wait()
    assert len(machine.containers()) == 1
    assert machine.run('exec', 'true').returncode == 0
    assert machine.containers() == []


def test_whoever_stops_reading_ends_it(machine: Machine) -> None:
    process = machine.start('start', 'lines', until='y\n')
    assert process.stdout
    process.stdout.close()
    assert process.wait(60) == 128 + signal.SIGPIPE


def test_a_build_can_be_interrupted(machine: Machine) -> None:
    (machine.folder / 'package.json').write_text(
        '{"engines": {"node": "24.x"}, "scripts": {"build": "sleep 300", "start": "true"}}'
    )
    try:
        process = machine.start('start', until='npm run build')
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130
    finally:
        (machine.folder / 'package.json').unlink()


def test_an_unknown_process_type_is_refused_with_those_that_there_are(machine: Machine) -> None:
    done = machine.run('start', 'wrb')
    assert done.returncode == 23
    assert 'there is no process type "wrb"; there are: web, once, deaf, lines, console' in done.stderr


def test_a_dockerfile_that_leaves_nothing_in_app_is_told_what_it_has_to_copy(machine: Machine) -> None:
    dockerfile = machine.folder / 'Dockerfile'
    dockerfile.write_text('FROM scratch\nCOPY . /srv\n')
    try:
        done = machine.run('start', 'once')
    finally:
        dockerfile.unlink()
    assert done.returncode == 70
    assert ' !     the image has no directory /app, which becomes the slug' in done.stderr


def test_clean_removes_the_images_of_these_commands_and_no_others(machine: Machine, stack: Stack) -> None:
    machine.run('start', 'once')
    with workshop(machine.environ['DOCKER_HOST']) as receiver:
        image = receiver.build(FROM)
        running = machine.start('start', 'deaf', until='up\n')
        assert machine.run('clean').stdout == '1 image removed\n'
        running.kill()
        running.wait()
        assert machine.run('clean').stdout == '1 image removed\n'
        assert machine.run('clean').stdout == 'nothing to remove\n'
        machine.engine.images.get(image.id)
    machine.engine.images.get(stack.build_image)
    assert machine.containers() == []
