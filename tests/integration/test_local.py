"""The commands for a developer's own machine, as processes: their output, input, exit status, and what they leave."""

import fcntl
import hashlib
import io
import os
import pty
import re
import shutil
import signal
import struct
import subprocess
import sys
import tarfile
import tempfile
import termios
import threading
import urllib.request
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO

import docker
import docker.utils.build
import pytest

from gitreceive.adapters.docker.builder import HOME_LABEL
from gitreceive.adapters.docker.engine import Engine
from gitreceive.adapters.docker.foreground import Foreground
from gitreceive.adapters.docker.frames import Decoder
from gitreceive.adapters.docker.progress import Progress
from gitreceive.adapters.docker.request import BuildRequest
from gitreceive.errors import StackError
from gitreceive.local.containers import Caller, command_container
from gitreceive.local.home import LocalHome
from gitreceive.local.running import HOME_LABEL as RUN_LABEL
from gitreceive.model import Stack
from tests.building import FROM, Lines, workshop
from tests.e2e.door.door_process import wait_until
from tests.http_server import running, stalls
from tests.platform_api import TOKEN, PlatformServer

Done = subprocess.CompletedProcess[str]
GITRECEIVE = [sys.executable, '-m', 'gitreceive.cli.main']
SERVER = r"""
use IO::Socket::INET;
$| = 1;
my $server = IO::Socket::INET->new(LocalPort => $ENV{PORT}, Listen => 5, ReuseAddr => 1) or die;
$SIG{TERM} = sub { print "going\n"; exit 3 };
print "ready on $ENV{PORT}\n";
while (1) {
    my $client = $server->accept or next;
    while (defined(my $line = <$client>)) { last if $line =~ /^\r?$/ }
    print $client "HTTP/1.0 200 OK\r\n\r\n$ENV{GREETING}";
    close $client;
}
"""
PROCFILE = """
web: cd . && perl server.pl
once: echo "$PORT ${PORT}"; echo "$GREETING" >&2; pwd; id -un; ls -A; command -v gcc; exit 7
deaf: trap '' TERM; echo up; while :; do sleep 0.1; done
lines: echo up; exec yes
"""
ENV = 'GREETING="good  morning # \'all\'\nof you"\n'


@dataclass
class Machine:
    """A developer's: the app's directory, and commands in it."""

    folder: Path
    environ: Mapping[str, str]
    engine: docker.DockerClient
    running: list[subprocess.Popen[str]] = field(default_factory=list)

    def run(self, *words: str, text: str = '', **environ: str) -> Done:
        return subprocess.run(
            [*GITRECEIVE, *words],
            cwd=self.folder,
            env={**self.environ, **environ},
            input=text,
            capture_output=True,
            text=True,
            timeout=300,
        )

    def start(self, *words: str, until: str) -> subprocess.Popen[str]:
        """Started in the background; it has said ``until``."""
        process = subprocess.Popen(
            [*GITRECEIVE, *words],
            cwd=self.folder,
            env=self.environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.running.append(process)
        assert process.stdout
        said: list[str] = []
        while not any(until in line for line in said):
            line = process.stdout.readline()
            assert line, ''.join(said)
            said.append(line)
        self.said = ''.join(said)
        return process

    def images(self) -> list[str]:
        return sorted(
            image.id for image in self.engine.images.list(filters={'label': f'{HOME_LABEL}={self.name}'})
        )

    def containers(self) -> list[str]:
        return [
            each.id
            for each in self.engine.containers.list(all=True, filters={'label': f'{RUN_LABEL}={self.name}'})
        ]

    @property
    def name(self) -> str:
        return LocalHome(Path(self.environ['GITRECEIVE_HOME']) / 'local').name()


@pytest.fixture(scope='module')
def machine(
    docker_host: str, stack: Stack, engine: docker.DockerClient, tmp_path_factory
) -> Iterator[Machine]:
    folder = tmp_path_factory.mktemp('machine') / 'My App'
    folder.mkdir()
    for name, content in {'Procfile': PROCFILE, 'server.pl': SERVER, '.env': ENV}.items():
        (folder / name).write_text(content)
    environ = {**os.environ, 'DOCKER_HOST': docker_host, 'GITRECEIVE_HOME': str(folder.parent / 'home')}
    made = Machine(folder, environ, engine)
    try:
        yield made
    finally:
        for process in made.running:
            process.kill()
            process.wait()
        made.run('clean')
        assert made.images() == made.containers() == []


@pytest.fixture(autouse=True)
def nothing_is_left(machine: Machine) -> Iterator[None]:
    yield
    assert machine.containers() == []


def fetched(url: str) -> str:
    with urllib.request.urlopen(url, timeout=10) as answer:
        return str(answer.read().decode())


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
    assert f'port {port[1]} of 127.0.0.1 is taken: choose another one with -p PORT' in taken.stderr
    second = machine.start('start', '-p', '0', until='ready on')
    for process in (first, second):
        process.terminate()
        assert process.wait(60) == 3


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
    assert 'there is no process type "wrb"; there are: web, once, deaf, lines' in done.stderr


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


def test_what_a_command_writes_belongs_to_another_user_than_root_too(
    machine: Machine, stack: Stack, capfd: pytest.CaptureFixture[str]
) -> None:
    machine.folder.chmod(0o777)
    words = ['bash', '-c', 'id -u; echo x > mine; echo y > ~/home; stat -c %u ~/home']
    config = command_container(words, machine.folder, stack, Caller(uid=4321, gid=4322))
    assert Foreground(Engine(machine.environ['DOCKER_HOST']), {**config, 'OpenStdin': False}).run() == 0
    assert capfd.readouterr().out == '4321\n4321\n'
    about = (machine.folder / 'mine').stat()
    (machine.folder / 'mine').unlink()
    assert (about.st_uid, about.st_gid) == (4321, 4322)


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
    screen.until('$ |# ')
    os.write(terminal, b'stty size; echo "<$TERM>"; sleep 1000\n')
    screen.until(r'40 123\r\n<xterm>')
    os.write(terminal, b'\x03')
    screen.until(r'\^C')
    os.write(terminal, b'exit 9\n')
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    os.close(terminal)


class Screen:
    """What a terminal shows."""

    def __init__(self, terminal: int) -> None:
        self.terminal, self.shown = terminal, ''

    def until(self, wanted: str) -> None:
        while not re.search(wanted, self.shown):
            self.shown += os.read(self.terminal, 1000).decode('utf-8', 'replace')
        self.shown = ''


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


def test_without_an_engine_or_the_stack_the_remedy_is_told(
    machine: Machine, stack: Stack, tmp_path: Path
) -> None:
    config = command_container(
        ['true'], tmp_path, replace(stack, build_image='gitreceive/none:1'), Caller(uid=0, gid=0)
    )
    with pytest.raises(
        StackError, match=r'the engine has no image gitreceive/none:1: run "gitreceive stack build"'
    ):
        Foreground(Engine(machine.environ['DOCKER_HOST']), config).run()
    for words in (['exec', 'true'], ['start'], ['clean']):
        done = machine.run(*words, DOCKER_HOST=f'unix://{tmp_path}/none')
        assert (done.returncode, 'is it running?' in done.stderr) == (63, True), done.stderr


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


def test_the_written_dockerfile_builds_by_itself_and_its_image_answers(
    machine: Machine, tmp_path: Path
) -> None:
    """What ``docker build .`` sends: the directory, without what docker-py's own reading of .dockerignore leaves out."""
    shutil.copytree(machine.folder, tmp_path / 'app')
    assert machine.run('init', str(tmp_path / 'app')).returncode == 0
    client = machine.engine
    exclude = (tmp_path / 'app' / '.dockerignore').read_text().splitlines()
    with tempfile.TemporaryFile() as context:
        with tarfile.open(fileobj=context, mode='w', format=tarfile.GNU_FORMAT) as tar:
            for name in sorted(docker.utils.build.exclude_paths(str(tmp_path / 'app'), exclude)):
                tar.add(tmp_path / 'app' / name, name, recursive=False)
        context.seek(0)
        image = plain_build(machine, context)
    container = None
    try:
        listed = client.containers.run(image, ['ls', '-A', '/app/src'], remove=True).decode().split()
        assert listed == ['.dockerignore', '.gitreceive', 'Dockerfile', 'Procfile', 'server.pl']
        container = client.containers.run(
            image, environment={'PORT': '5000'}, ports={5000: ('127.0.0.1', None)}, detach=True
        )
        wait_until(lambda: b'ready on 5000' in container.logs(), 30, 'the container to listen')
        container.reload()
        port = container.ports['5000/tcp'][0]['HostPort']
        assert fetched(f'http://127.0.0.1:{port}/') == ''
    finally:
        if container:
            container.remove(force=True)
        client.images.remove(image, force=True)


def plain_build(machine: Machine, context: IO[bytes]) -> str:
    """The image's id, of a build by BuildKit without any of this project's own."""
    request = BuildRequest(Engine(machine.environ['DOCKER_HOST']), {'version': '2', 'labels': '{}'})
    decoder, progress = Decoder(), Progress(Lines())
    for line in request.lines(iter(lambda: context.read(1 << 18), b'')):
        for event in decoder.events(line):
            progress.take(event)
    assert progress.image, progress.failure()
    return progress.image


@pytest.fixture
def platform() -> Iterator[PlatformServer]:
    with running(PlatformServer('hello')) as server:
        assert isinstance(server, PlatformServer)
        yield server


def release(machine: Machine, server: PlatformServer, *words: str, token: str = TOKEN) -> Done:
    return machine.run('release', '--to', server.address, *words, HEROKU_API_KEY=token)


def test_the_slug_of_a_directory_is_released_at_a_platform(
    machine: Machine, platform: PlatformServer
) -> None:
    done = release(machine, platform, '--app', 'hello', '--stack', 'cedar-14')
    assert done.returncode == 0, done.stderr
    assert done.stdout == ''
    assert '       v1 succeeded\n' in done.stderr
    assert '\x1b' not in done.stderr
    (slug,) = platform.slugs.values()
    (content,) = platform.objects.values()
    assert slug['checksum'] == f'SHA256:{hashlib.sha256(content).hexdigest()}'
    assert slug['process_types']['web'] == 'cd . && perl server.pl'
    assert list(slug['process_types']) == ['web', 'once', 'deaf', 'lines']
    assert (slug['commit'], slug['buildpack_provided_description']) == ('0' * 40, 'Minimal')
    with tarfile.open(fileobj=io.BytesIO(content)) as tar:
        names = [name.removeprefix('./') for name in tar.getnames()]
        profile = tar.extractfile(next(name for name in tar.getnames() if name.endswith('minimal.sh')))
        assert profile and b'cd /app/src' in profile.read()
    assert 'app/src/server.pl' in names
    assert 'app/src/.env' not in names


@pytest.mark.parametrize(
    ('words', 'token', 'said'),
    [
        (['--app', 'other', '--stack', 'cedar-14'], TOKEN, "Couldn't find that app."),
        (['--app', 'hello'], TOKEN, 'Stack not found.'),
        (['--app', 'hello'], 'wrong', 'Invalid credentials provided.'),
    ],
)
def test_a_platform_that_refuses_is_heard_in_its_own_words(
    machine: Machine, platform: PlatformServer, words: list[str], token: str, said: str
) -> None:
    done = release(machine, platform, *words, token=token)
    assert done.returncode == 80
    assert said in done.stderr
    assert 'Traceback' not in done.stderr
    assert platform.releases == []


def test_without_a_token_nothing_is_built(machine: Machine, platform: PlatformServer, tmp_path: Path) -> None:
    words = ['release', '--to', platform.address, '--app', 'hello']
    done = machine.run(*words, HOME=str(tmp_path), HEROKU_API_KEY='')
    assert done.returncode == 10
    assert done.stderr.startswith(
        f' !     no token for {platform.address}: set HEROKU_API_KEY, or add to ~/.netrc: '
    )


def test_a_directory_with_a_key_is_not_released_unless_that_is_allowed(
    machine: Machine, platform: PlatformServer
) -> None:
    key = machine.folder / 'id_ed25519'
    subprocess.run(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', str(key)], check=True)
    try:
        refused = release(machine, platform, '--app', 'hello', '--stack', 'cedar-14')
        allowed = release(
            machine, platform, '--app', 'hello', '--stack', 'cedar-14', '--allow', '/app/src/id_ed25519'
        )
    finally:
        key.unlink()
        key.with_suffix('.pub').unlink()
    assert refused.returncode == 71, refused.stderr
    assert '/app/src/id_ed25519: ' in refused.stderr
    assert 'If it may be there: --allow /app/src/id_ed25519' in refused.stderr
    assert allowed.returncode == 0, allowed.stderr


def test_the_progress_is_shown_on_a_terminal_and_a_signal_leaves_nothing(
    machine: Machine, platform: PlatformServer, tmp_path: Path
) -> None:
    until = threading.Event()
    platform.faults.extend([None, stalls(until)])
    words = ['release', '--to', platform.address, '--app', 'hello', '--stack', 'cedar-14']
    environ = {**machine.environ, 'HEROKU_API_KEY': TOKEN, 'TMPDIR': str(tmp_path), 'TERM': 'xterm'}
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(machine.folder)
        os.execve(sys.executable, [*GITRECEIVE, *words], environ)
    Screen(terminal).until(r'\d/[\d.]+ (bytes|kB)')
    os.kill(child, signal.SIGTERM)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    until.set()
    os.close(terminal)
    assert status == 130
    assert os.listdir(tmp_path) == []
    assert platform.releases == []
