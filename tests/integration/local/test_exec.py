"""A command in the build image has the directory, the streams, the terminal and the number of its caller."""

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
from dataclasses import replace
from pathlib import Path

import pytest

from gitreceive.adapters.docker.engine import Engine
from gitreceive.adapters.docker.foreground import Foreground
from gitreceive.local.containers import Caller, command_spec
from gitreceive.model.container import Streams
from gitreceive.model.errors import SourceError, StackError
from gitreceive.model.plan import Stack
from tests.integration.local.machine import GITRECEIVE, Machine, Screen


def test_a_command_has_the_directory_the_build_image_and_its_callers_number(machine: Machine) -> None:
    done = machine.run(
        'exec', 'bash', '-c', 'id -u; pwd; ls -A; echo new > made; command -v gcc; cat >&2; exit 9', text='in'
    )
    assert done.returncode == 9, done.stderr
    assert done.stdout == f'{os.getuid()}\n/app/src\n.env\nProcfile\nserver.pl\n/usr/bin/gcc\n'
    assert done.stderr == 'in'
    made = machine.folder / 'made'
    assert made.stat().st_uid == os.getuid()
    made.unlink()


def test_a_command_of_another_user_than_root_has_a_name_no_rights_and_its_files_belong_to_the_user(
    machine: Machine, stack: Stack, capfd: pytest.CaptureFixture[str]
) -> None:
    machine.folder.chmod(0o777)
    script = (
        'id; cd; echo y > home; stat -c %U:%G home; grep CapEff /proc/self/status; echo x > /app/src/mine'
    )
    caller = Caller(name='ann', uid=4321, gid=4322)
    spec = command_spec(['bash', '-c', script], machine.folder, stack.build_image, caller)
    spec = replace(spec, streams=Streams.OUTPUT)
    assert Foreground(Engine(machine.environ['DOCKER_HOST']), spec, {}).run() == 0
    assert capfd.readouterr().out == (
        'uid=4321(ann) gid=4322(ann) groups=4322(ann)\nann:ann\nCapEff:\t0000000000000000\n'
    )
    about = (machine.folder / 'mine').stat()
    (machine.folder / 'mine').unlink()
    assert (about.st_uid, about.st_gid) == (4321, 4322)


@pytest.mark.parametrize(
    ('words', 'status', 'said'),
    [
        (['no-such-program', '-x'], 127, 'no-such-program: No such file or directory\n'),
        (['/etc/passwd'], 126, '/etc/passwd: Permission denied\n'),
        (['--no-such-option', 'ls'], 2, "No such option '--no-such-option'"),
    ],
)
def test_what_cannot_be_run_is_named_with_the_status_that_a_shell_has_for_it(
    machine: Machine, words: list[str], status: int, said: str
) -> None:
    done = machine.run('exec', *words)
    assert (done.returncode, done.stdout) == (status, '')
    assert said in done.stderr


def test_a_command_of_an_addition_runs_in_its_image_or_the_remedy_is_told(machine: Machine, php: str) -> None:
    assert machine.run('exec', 'composer', '--version').returncode == 127
    done = machine.run('exec', '--with', 'php', 'composer', '--version')
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith('Composer ')
    none = machine.run('exec', '--with', 'cobol', 'true')
    assert none.returncode == 15
    assert none.stderr.endswith(': run "gitreceive stack build --stack cedar-12 --with cobol"\n')


def test_options_after_the_command_are_its_own(machine: Machine) -> None:
    assert (
        machine.run('exec', 'printf', '%s ', '--help', '--home', '-x', '--').stdout == '--help --home -x -- '
    )
    assert machine.run('exec', '--', 'printf', '%s', '--').stdout == '--'


def test_a_stream_goes_through_a_command_unchanged(machine: Machine) -> None:
    content = os.urandom(3_000_000)
    done = subprocess.run(
        [*GITRECEIVE, 'exec', 'cat'], env=machine.environ, input=content, capture_output=True, timeout=300
    )
    assert done.stdout == content
    assert done.stderr == b''


def test_a_command_on_a_terminal_has_one_with_its_keys_and_size(machine: Machine) -> None:
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(machine.folder)
        os.execve(
            sys.executable, [*GITRECEIVE, 'exec', 'bash', '--norc'], {**machine.environ, 'TERM': 'xterm'}
        )
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack('HHHH', 40, 123, 0, 0))
    screen = Screen(terminal)
    screen.until('[$#] ')
    os.write(terminal, b'stty size; echo "<$TERM>"\n')
    screen.until(r'40 123\r\n<xterm>')
    # Between two commands the shell itself would take the key, and go on with the second one.
    os.write(terminal, b'sh -c \'echo run""ning; sleep 1000\'\n')
    screen.until('running')
    os.write(terminal, b'\x03')
    screen.until(r'\^C')
    os.write(terminal, b'exit 9\n')
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    os.close(terminal)


def test_streams_that_are_closed_or_full_are_told_or_taken_as_empty(machine: Machine) -> None:
    def shell(redirected: str) -> subprocess.CompletedProcess[str]:
        command = f'exec "$@" {redirected}'
        words = ['sh', '-c', command, 'sh', *GITRECEIVE, 'exec', 'cat', '/etc/hostname', '-']
        return subprocess.run(words, env=machine.environ, capture_output=True, text=True, timeout=60)

    assert shell('<&-').returncode == 0
    assert shell('</dev/null >&-').returncode == 0
    full = shell('</dev/null >/dev/full')
    assert (full.returncode, full.stderr) == (
        11,
        ' !     cannot pass on the output: No space left on device\n',
    )


def test_without_an_engine_the_stack_or_the_directory_the_remedy_is_told(
    machine: Machine, stack: Stack, tmp_path: Path
) -> None:
    root = Caller(name='root', uid=0, gid=0)
    missing = command_spec(['true'], tmp_path, 'gitreceive/none:1', root)
    with pytest.raises(
        StackError, match=r'the engine has no image gitreceive/none:1: run "gitreceive stack build"$'
    ):
        Foreground(Engine(machine.environ['DOCKER_HOST']), missing, {}).run()
    unseen = command_spec(['true'], Path('/none'), stack.build_image, root)
    with pytest.raises(SourceError, match=r'the Docker engine does not see /none: it has to be on this'):
        Foreground(Engine(machine.environ['DOCKER_HOST']), unseen, {}).run()
    for words in (['exec', 'true'], ['start'], ['clean']):
        done = machine.run(*words, DOCKER_HOST=f'unix://{tmp_path}/none')
        assert (done.returncode, 'is it running?' in done.stderr) == (63, True), done.stderr
