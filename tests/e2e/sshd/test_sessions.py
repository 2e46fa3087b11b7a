"""What a friend gets: pushes, clones, verbs, the verdict, and clear refusals."""

import os
import signal
import socket
import socketserver
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gitreceive.access.book import AccessBook
from gitreceive.config.home import Home
from gitreceive.grammar.wire import END, INPUT_END, OUTPUT, Frame, FrameReader
from tests.e2e.sshd.scripted import serving
from tests.e2e.sshd.sshd_process import (
    Client,
    RunningServer,
    alive,
    commit,
    hook,
    make_key,
    make_work,
    register,
    run,
    run_git,
)
from tests.waiting import wait_until


class StubDaemon(socketserver.BaseRequestHandler):
    """Answers every request with the fields that it got, and the last word's digits as the status."""

    def handle(self):
        reader, frames = FrameReader(), []
        while not frames:
            frames = reader.feed(self.request.recv(65536))
        fields = frames[0].payload.split(b'\0')
        self.answer(OUTPUT, b'\n'.join(fields) + b'\n')
        if fields[-1] == b'-':
            self.answer(OUTPUT, self.whole_input(reader, frames[1:]))
        while fields[-1] == b'-f':
            time.sleep(0.02)
            self.answer(OUTPUT, b'still building\n')
        self.answer(END, fields[-1] if fields[-1].isdigit() else b'0')

    def whole_input(self, reader, frames):
        found = b''
        while True:
            for frame in frames:
                if frame.kind == INPUT_END:
                    return found
                found += frame.payload
            frames = reader.feed(self.request.recv(65536))

    def answer(self, kind, payload):
        self.request.sendall(Frame(kind, payload).packed)


@pytest.fixture
def daemon(server: RunningServer):
    """Somebody who listens where the daemon would."""
    with serving(Home(server.home).socket, StubDaemon):
        yield


def test_a_first_push_makes_the_app_and_a_clone_gives_it_back(alice, server, work, tmp_path):
    pushed = alice.push(work, 'hello')
    assert pushed.status == 0, pushed.err
    assert 'new branch' in pushed.err
    cloned = alice.git(tmp_path, 'clone', '-q', '-b', 'main', alice.url('hello'), 'copy')
    assert cloned.status == 0, cloned.err
    assert run_git(tmp_path / 'copy', 'rev-parse', 'HEAD') == run_git(work, 'rev-parse', 'HEAD')
    assert run_git(server.repository('hello'), 'rev-parse', 'refs/heads/main') == run_git(
        work, 'rev-parse', 'HEAD'
    )


def test_a_push_with_nothing_new_says_so(alice, work, daemon):
    alice.push(work, 'hello')
    again = alice.push(work, 'hello')
    assert again.status == 0
    assert 'Everything up-to-date' in again.err


def test_every_key_type_that_can_be_registered_can_log_in(server, people, tmp_path, make_kinds):
    for name, key in make_kinds.items():
        register(server.home, name, key)
        done = Client(key, server).ssh('help')
        assert done.status == 0, (name, done.err)
    server.wait_for_line('connection', len(make_kinds))
    assert {line['name'] for line in server.lines('connection')} == set(make_kinds)


@pytest.fixture
def make_kinds(tmp_path):
    kinds = {'rsa2048': ('rsa', '-b', '2048'), 'rsa4096': ('rsa', '-b', '4096')}
    kinds |= {f'ecdsa{bits}': ('ecdsa', '-b', bits) for bits in ('256', '384', '521')}
    return {name: make_key(tmp_path / name, *words) for name, words in kinds.items()}


def test_the_verdict_of_the_hook_is_the_exit_status_of_the_push(alice, server, work):
    hook(server, 'post-receive', 'echo said; echo 3 > /proc/self/fd/$GITRECEIVE_VERDICT')
    pushed = alice.push(work, 'hello')
    assert pushed.status == 1
    assert 'remote: said' in pushed.err
    assert 'failed to push some refs' in pushed.err
    assert server.wait_for_line('connection')['status'] == 3


def test_a_git_that_dies_by_a_signal_has_a_shells_exit_status(alice, server, work):
    hook(server, 'pre-receive', 'kill -9 $PPID')
    assert alice.push(work, 'hello').status != 0
    assert server.wait_for_line('connection')['status'] == 128 + signal.SIGKILL


def test_the_hooks_see_who_pushes_what(alice, server, work):
    hook(server, 'post-receive', 'env | grep ^GITRECEIVE_ | sort; env | cut -d= -f1 | sort | tr "\\n" " "')
    said = alice.push(work, 'hello').err
    grant = AccessBook(Home(server.home).access_db).list()[0]
    assert 'GITRECEIVE_APP=hello' in said
    assert 'GITRECEIVE_USER=alice' in said
    assert f'GITRECEIVE_KEY={grant.fingerprint}' in said
    assert f'GITRECEIVE_SOCKET={server.home}/run/daemon.sock' in said


def test_push_options_arrive(alice, server, work):
    hook(server, 'post-receive', 'echo "$GIT_PUSH_OPTION_COUNT $GIT_PUSH_OPTION_0"')
    assert 'remote: 1 nocache' in alice.push(work, 'hello', '-o', 'nocache', 'main').err


def test_git_speaks_protocol_version_2_through_the_door(alice, work, tmp_path):
    alice.push(work, 'hello')
    environ = {**alice.environment(), 'GIT_TRACE_PACKET': '1'}
    listed = run(['git', '-c', 'protocol.version=2', 'ls-remote', alice.url('hello')], environ=environ)
    assert 'version 2' in listed.err


def test_verbs_go_to_the_daemon_and_come_back_with_its_status(alice, bob, daemon):
    answered = alice.ssh('builds', 'hello', '--limit', '7')
    fingerprint, *rest = answered.out.splitlines()[1:]
    assert rest == ['builds', 'hello', '--limit', '7']
    assert fingerprint.startswith('SHA256:')
    assert answered.status == 7
    assert bob.ssh('apps').out.splitlines()[2:] == ['apps']


def test_without_a_daemon_a_verb_says_so_and_help_still_helps(alice):
    asked = alice.ssh('apps')
    assert asked.status == 1
    assert 'the daemon does not answer' in asked.err
    helped = alice.ssh('help')
    assert helped.status == 0
    assert 'rebuild APP' in helped.out
    assert 'git push deploy main' in helped.out


def test_a_client_that_stops_following_a_log_ends_the_conversation_with_the_daemon(alice, server, daemon):
    following = subprocess.Popen(
        [*alice.ssh_words(), 'git@127.0.0.1', 'logs', 'hello', '-f'],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert following.stdout and b'verb' in following.stdout.readline()
    before = server.threads()
    following.kill()
    following.wait()
    following.stdout.close()
    wait_until(lambda: server.threads() < before, 20, 'the session to end')


def test_a_verb_works_with_a_terminal_as_without_one(alice, daemon):
    asked = alice.ssh('builds', 'hello', '7', options=('-tt',))
    assert asked.status == 1
    assert 'too many words' in asked.err + asked.out
    answered = alice.ssh('builds', 'hello', '--limit', '7', options=('-tt',))
    assert answered.status == 7
    assert answered.out.endswith('builds\r\nhello\r\n--limit\r\n7\r\n')
    assert 'PTY' not in answered.err
    assert alice.ssh('help', options=('-tt',)).status == 0


def test_in_a_terminal_control_c_ends_what_is_followed(alice, daemon):
    words = [*alice.ssh_words('-tt'), 'git@127.0.0.1', 'logs', 'hello', '-f']
    following = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert following.stdin and following.stdout
    assert following.stdout.readline().endswith(b'\r\n')
    following.stdin.write(b'\x03')
    following.stdin.flush()
    following.stdout.read()
    assert following.wait(20) == 130


def test_standard_input_reaches_the_daemon_whole(alice, daemon):
    given = os.urandom(1_000_000)
    words = [*alice.ssh_words(), 'git@127.0.0.1', 'config', 'set', 'hello', 'KEY', '-']
    done = subprocess.run(words, input=given, capture_output=True, timeout=60)
    assert done.returncode == 0
    assert done.stdout.endswith(b'KEY\n-\n' + given)


def test_no_value_and_no_refused_word_is_logged(alice, server, daemon):
    for words in (
        ['config', 'hello', 'KEY=s3cret'],
        ['s3cret'],
        ['config', 'hello', '"s3cret'],
        ['config', 's3cret!'],
    ):
        alice.ssh(*words)
    server.wait_for_line('connection', 4)
    assert 's3cret' not in server.log_file.read_text()


def test_a_shell_is_a_greeting(alice):
    greeted = alice.ssh()
    assert greeted.status == 1
    assert 'Hello alice' in greeted.out
    assert 'help' in greeted.out


def test_any_user_name_will_do_but_the_key_says_who_it_is(alice, server):
    assert 'Hello alice' in alice.ssh(user='root').out
    line = server.wait_for_line('connection')
    assert (line['user'], line['name']) == ('root', 'alice')


def test_an_unknown_key_is_refused(mallory, server, work):
    pushed = mallory.push(work, 'hello')
    assert pushed.status == 128
    assert 'Permission denied (publickey)' in pushed.err
    assert not server.repository('hello').exists()
    line = server.wait_for_line('connection')
    assert (line['name'], line['key'], line['verb']) == (None, None, None)


BAD_NAMES = [
    '../x',
    'a/../../x',
    'Hello',
    'a' * 300,
    'a b',
    '',
    'hello;id',
    '$(id)',
    '-c',
    '/etc',
    '.git',
    'a%2fb',
]


@pytest.mark.parametrize('name', BAD_NAMES)
@pytest.mark.parametrize('verb', ['git-receive-pack', 'git-upload-pack'])
def test_what_is_no_app_name_is_refused(alice, server, name, verb):
    asked = alice.ssh(f"{verb} '/{name}.git'")
    assert asked.status == 1
    assert ' !     ' in asked.err
    assert not server.repository('x').parent.exists()


@pytest.mark.parametrize(
    'command',
    [
        b'id',
        b'sh -c id',
        b'git-upload-archive /hello.git',
        b'git-receive-pack',
        b'git-receive-pack /hello.git; id',
        b'git-receive-pack --all /hello.git',
        b'git receive-pack',
        b'git-shell',
        b'scp -t /tmp',
        b"git-receive-pack 'hello\n.git'",
        b'git-receive-pack hello\xff',
        b'\xff\xfe',
        b'logs $(id)',
        b'logs hello `id`',
        b'x' * 100_000,
    ],
)
def test_a_command_outside_the_grammar_is_refused(alice, command):
    asked = subprocess.run([*alice.ssh_words(), 'git@127.0.0.1', command], capture_output=True, timeout=30)
    assert asked.returncode == 1
    assert asked.stderr.startswith(b' !     ')
    assert len(asked.stderr) < 500


def test_a_pusher_reads_the_reason_in_gits_output(alice, work):
    pushed = alice.push(work, 'Hello')
    assert pushed.status == 128
    assert " !     'Hello' is not an app name" in pushed.err


def test_a_forbidden_and_an_unknown_app_look_the_same(alice, bob, work):
    assert alice.push(work, 'secret').status == 0
    forbidden, unknown = bob.ssh("git-receive-pack '/secret.git'"), bob.ssh("git-receive-pack '/nobody.git'")
    assert forbidden.status == unknown.status == 1
    assert forbidden.err.replace('secret', 'nobody') == unknown.err
    assert bob.push(work, 'only').status == 0


def test_nothing_is_made_by_a_clone(alice, server, tmp_path):
    cloned = alice.git(tmp_path, 'clone', alice.url('nothing'), 'copy')
    assert cloned.status == 128
    assert 'no app nothing that this key may reach' in cloned.err
    assert not server.repository('nothing').exists()


def test_a_receiver_that_makes_no_apps_answers_as_for_a_forbidden_one(start_server, people, work):
    server = start_server(GITRECEIVE_APPS_CREATE='no')
    pushed = Client(people['alice'], server).push(work, 'hello')
    assert pushed.status == 128
    assert 'no app hello that this key may reach' in pushed.err
    assert not server.repository('hello').exists()


def test_a_key_creates_only_so_many_apps_and_other_keys_go_on(start_server, people, work, tmp_path):
    server = start_server(GITRECEIVE_APPS_PER_KEY='2')
    alice, bob = Client(people['alice'], server), Client(people['bob'], server)
    for name in ('one', 'two'):
        assert alice.push(work, name).status == 0
    refused = alice.push(work, 'three')
    assert refused.status == 128
    assert 'your key has created 2 apps' in refused.err
    assert not server.repository('three').exists()
    assert bob.push(work, 'only').status == 0


def test_a_key_that_is_taken_away_in_the_middle_opens_nothing_more(alice, server, tmp_path):
    master = tmp_path / 'm'
    multiplexed = ('-o', f'ControlPath={master}')
    holder = subprocess.Popen([*alice.ssh_words(*multiplexed), '-MN', 'git@127.0.0.1'])
    wait_until(master.exists, 10, 'the connection')
    assert alice.ssh('help', options=multiplexed).status == 0
    AccessBook(Home(server.home).access_db).remove('alice')
    refused = alice.ssh('help', options=multiplexed)
    assert refused.status == 1
    assert 'this key was taken away' in refused.err
    holder.terminate()
    holder.wait()


def test_an_eleventh_session_on_a_connection_is_refused(alice, server, daemon, tmp_path):
    master = tmp_path / 'm'
    multiplexed = ('-o', f'ControlPath={master}')
    holder = subprocess.Popen([*alice.ssh_words(*multiplexed), '-MN', 'git@127.0.0.1'])
    wait_until(master.exists, 10, 'the connection')
    words = [*alice.ssh_words(*multiplexed), 'git@127.0.0.1', 'logs', 'hello', '-f']
    running = [subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) for _ in range(10)]
    for process in running:
        assert process.stdout and process.stdout.readline()
    refused = run([*alice.ssh_words(*multiplexed, '-o', 'ProxyCommand=false'), 'git@127.0.0.1', 'help'])
    assert refused.status != 0
    for process in running:
        process.kill()
        process.communicate()
    holder.terminate()
    holder.wait()


@pytest.mark.slow
def test_an_honest_push_of_a_gigabyte_goes_through_in_little_memory(alice, server, tmp_path):
    work = make_work(tmp_path / 'big')
    run_git(work, 'config', 'core.compression', '0')
    for at in range(50):
        (work / f'f{at}').write_bytes(os.urandom(20_000_000))
    commit(work)
    before = server.memory('VmHWM')
    assert alice.push(work, 'big', timeout=600).status == 0
    assert server.memory('VmHWM') - before < 100_000_000
    cloned = alice.git(tmp_path, 'clone', '-q', '-b', 'main', alice.url('big'), 'copy', timeout=600)
    assert cloned.status == 0
    assert server.memory('VmHWM') - before < 100_000_000


def test_a_push_survives_many_key_exchanges(alice, server, tmp_path):
    work = make_work(tmp_path / 'big', **{f'f{at}': os.urandom(10_000_000) for at in range(3)})
    assert alice.push(work, 'big', options=('-o', 'RekeyLimit=1M')).status == 0
    done = alice.git(
        tmp_path, 'clone', '-q', '-b', 'main', alice.url('big'), 'c', options=('-o', 'RekeyLimit=1M')
    )
    assert done.status == 0


def test_ten_pushes_at_once_to_ten_apps_all_arrive(alice, server, work):
    pushes = [alice.start_push(work, f'app{at}') for at in range(10)]
    for push in pushes:
        assert push.wait(60) == 0, push.communicate()
        push.communicate()
    assert len(list((server.home / 'repos').iterdir())) == 10


def test_sigterm_ends_the_server_its_sessions_and_their_gits(alice, server, work):
    hook(server, 'pre-receive', 'echo waiting; sleep 60')
    push = alice.start_push(work, 'hello')
    wait_until(lambda: len(server.children()) >= 2, 10, 'the hook')
    children = server.children()
    assert server.stop() == 0
    assert push.wait(10) != 0
    push.communicate()
    assert not [pid for pid in children if alive(pid)]
    assert server.lines()[-1]['event'] == 'stopped'


def test_the_server_ends_with_whoever_started_it(tmp_path, start_server):
    read, write = os.pipe()
    launcher = Path(__file__).with_name('launcher.py')
    words = [
        sys.executable,
        str(launcher),
        str(tmp_path),
        '--home',
        str(tmp_path / 'h'),
        '--listen',
        '127.0.0.1:0',
    ]
    with open(tmp_path / 'log', 'wb') as log:
        process = subprocess.Popen(
            words, stderr=log, pass_fds=(read,), env={**os.environ, 'GITRECEIVE_LIFELINE': str(read)}
        )
    os.close(read)
    wait_until(lambda: b'ready' in (tmp_path / 'log').read_bytes(), 20, 'the server')
    os.close(write)
    assert process.wait(10) == 0


def test_a_taken_port_is_named(tmp_path):
    with socket.create_server(('127.0.0.1', 0)) as taken:
        address = f'127.0.0.1:{taken.getsockname()[1]}'
        done = run(
            [sys.executable, '-m', 'gitreceive.sshd', '--home', str(tmp_path / 'home'), '--listen', address]
        )
    assert done.status == 14
    assert f'cannot listen on {address}' in done.err
