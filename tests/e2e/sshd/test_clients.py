"""What somebody with a key can do to the server: not much, and nothing to the others."""

import os
import signal
import struct
import threading
import time
import zlib
from hashlib import sha1
from pathlib import Path

import paramiko
import pytest
from paramiko.common import (
    cMSG_CHANNEL_DATA,
    cMSG_CHANNEL_OPEN,
    cMSG_CHANNEL_REQUEST,
    cMSG_GLOBAL_REQUEST,
)

from gitreceive.config.settings import Settings, SshSettings
from gitreceive.sshd.limits import ServerLimits
from gitreceive.sshd.log import Log
from gitreceive.sshd.server import SshServer
from tests.e2e.sshd.attacker import Peer
from tests.e2e.sshd.sshd_process import (
    Client,
    alive,
    commit,
    hook,
    make_work,
    processes,
    register,
    run,
    run_git,
)
from tests.waiting import wait_until

MEGABYTE = 1_000_000


def test_a_client_that_has_a_terminal_is_answered(alice):
    done = alice.ssh('help', options=('-tt',))
    assert (done.status, done.err) == (0, '')


def test_forwarding_is_refused(peer):
    with pytest.raises(paramiko.ChannelException):
        peer.transport.open_channel('direct-tcpip', ('127.0.0.1', 22), ('127.0.0.1', 1))
    with pytest.raises(paramiko.SSHException):
        peer.transport.request_port_forward('127.0.0.1', 0)
    for kind in ('x11', 'auth-agent@openssh.com', 'forwarded-tcpip', 'tun@openssh.com'):
        with pytest.raises(paramiko.ChannelException):
            peer.transport.open_channel(kind, ('127.0.0.1', 22), ('127.0.0.1', 1))


@pytest.mark.parametrize('request_', ['request_x11', 'invoke_subsystem'])
def test_x11_and_subsystems_are_refused(peer, request_):
    channel = peer.transport.open_session()
    with pytest.raises(paramiko.SSHException):
        getattr(channel, request_)(*(('sftp',) if request_ == 'invoke_subsystem' else ()))


def test_sftp_and_scp_are_refused(alice, tmp_path):
    (tmp_path / 'file').write_bytes(b'x')
    words = alice.ssh_words()
    words[words.index('-p')] = '-P'
    for flags in ([], ['-O']):
        done = run(['scp', *flags, *words[1:], str(tmp_path / 'file'), 'git@127.0.0.1:/tmp/never'])
        assert done.status != 0
    assert not Path('/tmp/never').exists()


HOSTILE = {
    'LD_PRELOAD': '/tmp/evil.so',
    'GIT_DIR': '/tmp',
    'GIT_CONFIG_COUNT': '1',
    'GIT_CONFIG_KEY_0': 'core.hooksPath',
    'GIT_CONFIG_PARAMETERS': "'core.hooksPath=/tmp'",
    'BASH_ENV': '/tmp/evil',
    'PATH': '/tmp',
    'GITRECEIVE_APP': 'other',
    'GITRECEIVE_USER': 'root',
    '--split-string': 'x',
    'LANG': '../../x',
    'TERM': 'x\x1b[31m',
    'GIT_PROTOCOL': 'version=2:evil',
}


def test_only_harmless_variables_reach_git(alice, server, peer):
    alice.ssh("git-receive-pack '/hello.git'", options=('-n',))
    hook(server, 'pre-receive', 'sleep 30')
    channel = peer.transport.open_session()
    for name, value in HOSTILE.items():
        channel.set_environment_variable(name, value)
    for name, value in {'LANG': 'de_DE.UTF-8', 'TERM': 'xterm-256color', 'GIT_PROTOCOL': 'version=1'}.items():
        peer.send(cMSG_CHANNEL_REQUEST, channel.remote_chanid, 'env', False, name, value)
    channel.exec_command("git-receive-pack '/hello.git'")
    wait_until(lambda: server.children(), 20, 'git')
    wait_until(lambda: channel.recv_ready(), 20, 'git to speak')
    raw = Path(f'/proc/{server.children()[0]}/environ').read_bytes()
    environ = dict(entry.split('=', 1) for entry in raw.decode().split('\0') if entry)
    assert environ['LANG'] == 'de_DE.UTF-8'
    assert environ['TERM'] == 'xterm-256color'
    assert environ['GIT_PROTOCOL'] == 'version=1'
    assert (environ['GITRECEIVE_APP'], environ['GITRECEIVE_USER']) == ('hello', 'alice')
    assert not set(environ) & (
        set(HOSTILE) - {'LANG', 'TERM', 'GIT_PROTOCOL', 'PATH', 'GITRECEIVE_APP', 'GITRECEIVE_USER'}
    )
    assert set(environ) <= {
        *('PATH', 'HOME', 'LANG', 'TERM', 'GIT_PROTOCOL', 'GIT_CONFIG_NOSYSTEM', 'GIT_CONFIG_GLOBAL'),
        'GIT_ATTR_NOSYSTEM',
        *('GIT_ALLOC_LIMIT', 'GIT_TERMINAL_PROMPT', 'GITRECEIVE_APP', 'GITRECEIVE_USER', 'GITRECEIVE_KEY'),
        *('GITRECEIVE_SOCKET', 'GITRECEIVE_VERDICT', 'GITRECEIVE_SESSION'),
        *(f'GITRECEIVE_CHECKOUT_{what}' for what in ('FILES', 'BYTES', 'DEPTH')),
    }
    assert environ['PATH'] != '/tmp'


def test_git_has_limits_and_only_the_descriptors_that_it_needs(alice, server, peer):
    channel = peer.transport.open_session()
    channel.exec_command("git-receive-pack '/hello.git'")
    wait_until(lambda: channel.recv_ready(), 20, 'git to speak')
    child = server.children()[0]
    limits = Path(f'/proc/{child}/limits').read_text()
    assert [line.split()[3] for line in limits.splitlines() if line.startswith('Max address space')] == [
        '1073741824'
    ]
    assert [line.split()[3] for line in limits.splitlines() if line.startswith('Max cpu time')] == ['300']
    targets = [os.readlink(f'/proc/{child}/fd/{fd}') for fd in os.listdir(f'/proc/{child}/fd')]
    assert len([target for target in targets if not target.startswith(str(server.home))]) == 4


def test_a_peer_that_ignores_the_window_is_cut_off(server, peer):
    memory = server.memory()
    hook(server, 'pre-receive', 'sleep 30')
    channel = peer.transport.open_session()
    channel.exec_command("git-receive-pack '/hello.git'")
    channel.recv(10)
    os.kill(server.children()[0], signal.SIGSTOP)
    try:
        for _ in range(2_000):
            peer.send(cMSG_CHANNEL_DATA, channel.remote_chanid, bytes(30_000))
    except (EOFError, OSError):
        pass
    assert peer.ends_within(8)
    assert server.memory() - memory < 16 * MEGABYTE
    assert server.wait_for_line('connection')['reason'] == 'more data than the window allows'
    wait_until(lambda: not server.children(), 20, 'git to end')


def test_a_peer_that_asks_for_ten_thousand_channels_is_cut_off(server, peer, people):
    memory = server.memory()
    try:
        for at in range(10_000):
            peer.send(cMSG_CHANNEL_OPEN, 'session', at, 2_000_000, 32_768)
    except (EOFError, OSError):
        pass
    assert peer.ends_within(8)
    assert server.wait_for_line('connection')['reason'] == 'too many refused channels'
    assert server.memory() - memory < 16 * MEGABYTE
    assert Client(people['alice'], server).ssh('help').status == 0


def test_a_peer_that_asks_for_forwarding_again_and_again_is_cut_off(server, peer):
    try:
        for at in range(10_000):
            peer.send(
                cMSG_CHANNEL_OPEN, 'direct-tcpip', at, 2_000_000, 32_768, '127.0.0.1', 22, '127.0.0.1', 1
            )
    except (EOFError, OSError):
        pass
    assert peer.ends_within(8)
    assert server.wait_for_line('connection')['reason'] == 'too many refused channels'


def test_a_peer_that_makes_twenty_thousand_global_requests_is_cut_off(server, peer):
    try:
        for _ in range(20_000):
            peer.send(cMSG_GLOBAL_REQUEST, 'keepalive@openssh.com', True)
    except (EOFError, OSError):
        pass
    assert peer.ends_within(8)
    assert server.wait_for_line('connection')['reason'] == 'too many global requests'


def test_a_peer_that_makes_ten_thousand_requests_is_cut_off(server, peer):
    channel = peer.transport.open_session()
    try:
        for _ in range(10_000):
            peer.send(cMSG_CHANNEL_REQUEST, channel.remote_chanid, 'env', False, 'LANG', 'C')
    except (EOFError, OSError):
        pass
    assert peer.ends_within(8)
    assert server.wait_for_line('connection')['reason'] == 'too many requests on a channel'


def test_bytes_that_are_no_text_end_a_connection_and_nothing_else(server, peer, people):
    channel = peer.transport.open_session()
    peer.send(cMSG_CHANNEL_REQUEST, channel.remote_chanid, b'\xff\xfe', True)
    assert peer.ends_within(8)
    assert Client(people['alice'], server).ssh('help').status == 0


def test_who_does_not_read_stops_nobody_else(alice, server, tmp_path, people):
    work = make_work(tmp_path / 'big', file=os.urandom(20 * MEGABYTE))
    assert alice.push(work, 'big').status == 0
    with Peer(server, default_window_size=40_000) as lazy:
        lazy.log_in(people['alice'])
        fetching = lazy.transport.open_session()
        fetching.exec_command("git-upload-pack '/big.git'")
        head = run_git(work, 'rev-parse', 'HEAD').strip().encode()
        want = b'want ' + head + b' side-band-64k\n'
        fetching.sendall(b'%04x' % (len(want) + 4) + want + b'0000' + b'0009done\n')
        time.sleep(1)
        helped = lazy.transport.open_session()
        helped.exec_command('help')
        assert helped.recv_exit_status() == 0
        assert alice.ssh('help').status == 0
        assert server.memory('VmHWM') < 100 * MEGABYTE
    wait_until(lambda: not server.children(), 20, 'git to end')


QUIET, CHATTY = 'sleep 60', 'while :; do echo 0123456789012345678901234567890123456789; done'


@pytest.mark.parametrize('script', [QUIET, CHATTY, f'trap "" TERM PIPE; {CHATTY}'])
@pytest.mark.parametrize('when', ['pre-receive', 'post-receive'])
def test_a_client_that_is_killed_leaves_nothing_behind(alice, server, work, script, when):
    hook(server, when, f'echo here; {script}')
    for at in range(3):
        commit(work, f'commit {at}')
        push = alice.start_push(work, 'hello')
        wait_until(lambda: len(server.children()) >= 2, 10, 'the hook')
        time.sleep(0.1 * at)
        groups = {group for pid, (_, group) in processes().items() if pid in server.children()}
        os.killpg(push.pid, signal.SIGKILL)
        push.communicate()
        wait_until(lambda: not server.children(), 20, 'git and its hook to end')
        assert not [pid for pid, (_, group) in processes().items() if group in groups]
    assert not list((server.repository('hello') / 'objects').glob('*incoming*'))
    assert not list(server.repository('hello').glob('**/*.lock'))
    wait_until(lambda: server.threads() <= 2, 20, 'the threads to end')


def test_a_git_that_hangs_is_killed_and_its_quarantine_removed(alice, server, work):
    hook(server, 'pre-receive', 'kill -STOP $PPID; sleep 60')
    push = alice.start_push(work, 'hello')
    wait_until(lambda: len(server.children()) >= 3, 10, 'the hook')
    objects = server.repository('hello') / 'objects'
    assert list(objects.glob('*incoming*'))
    os.killpg(push.pid, signal.SIGKILL)
    push.communicate()
    wait_until(lambda: not server.children(), 20, 'git to end')
    wait_until(lambda: not list(objects.glob('*incoming*')), 20, 'the quarantine to go')


def test_a_git_that_is_killed_leaves_no_quarantine_and_the_client_knows(alice, server, work):
    hook(server, 'pre-receive', 'kill -KILL $PPID; sleep 60')
    pushed = alice.push(work, 'hello')
    assert pushed.status != 0
    wait_until(lambda: not server.children(), 20, 'the hook to end')
    assert not list((server.repository('hello') / 'objects').glob('*incoming*'))
    hook(server, 'pre-receive', 'exit 0')
    assert alice.push(work, 'hello').status == 0


def test_a_push_that_was_accepted_is_handed_over_although_the_client_has_gone(alice, server, work):
    """The hook that journals the push runs to its end if it is quick."""
    hook(server, 'update', 'sleep 0.3')
    hook(server, 'post-receive', f'sleep 0.05; cat > {server.home}/journal')
    push = alice.start_push(work, 'hello')
    wait_until(lambda: len(server.children()) >= 2, 10, 'the hook')
    os.killpg(push.pid, signal.SIGKILL)
    push.communicate()
    wait_until(lambda: not server.children(), 20, 'git to end')
    accepted = (server.repository('hello') / 'refs/heads/main').exists()
    assert accepted == (server.home / 'journal').exists()


def test_an_idle_connection_ends_and_a_busy_one_does_not(tmp_path, people):
    settings = Settings(home=tmp_path / 'home', ssh=SshSettings(listen='127.0.0.1:0'))
    register(settings.home, 'alice', people['alice'])
    log = open(tmp_path / 'log', 'wb')
    server = SshServer(settings, limits=ServerLimits(idle_seconds=1.0), log=Log(log.fileno()))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        server.port = server.address[1]
        with Peer(server) as idle, Peer(server) as busy:
            for peer in (idle, busy):
                peer.log_in(people['alice'])
            channel = busy.transport.open_session()
            channel.exec_command("git-receive-pack '/hello.git'")
            assert idle.ends_within(8)
            assert busy.transport.is_active()
            channel.close()
            assert busy.ends_within(8)
    finally:
        server.stop()
        thread.join(10)
        log.close()
    assert b'idle for 1 s' in (tmp_path / 'log').read_bytes()


def test_fifty_idle_connections_cost_less_than_a_megabyte_each(server, people):
    Client(people['alice'], server).ssh('help')
    memory = server.memory()
    peers = []
    for _ in range(50):
        peers.append(Peer(server))
        peers[-1].log_in(people['alice'])
    assert (server.memory() - memory) / 50 < MEGABYTE
    for peer in peers:
        peer.transport.close()


def test_the_idle_server_is_small(alice, server, work):
    """The bench has the figure; twice that is a fault."""
    assert alice.push(work, 'hello').status == 0
    assert server.memory() < 120 * MEGABYTE


def test_a_delta_bomb_is_refused_and_changes_nothing(alice, server, work, peer):
    """8 KB that say they are 1.6 GB: git would ask for that much memory and more."""
    assert alice.push(work, 'hello').status == 0
    before = sorted(str(path) for path in server.repository('hello').rglob('*'))
    head = run_git(work, 'rev-parse', 'HEAD').strip().encode()
    name, pack = delta_bomb()
    assert len(pack) < 10_000
    channel = peer.transport.open_session()
    channel.exec_command("git-receive-pack '/hello.git'")
    channel.recv(100)
    line = b'%s %s refs/heads/main\0 report-status' % (head, name)
    channel.settimeout(30)
    channel.sendall(b'%04x' % (len(line) + 4) + line + b'0000' + pack)
    channel.shutdown_write()
    said, told = b'', b''
    while data := channel.recv(65536):
        said += data
    while data := channel.recv_stderr(65536):
        told += data
    assert b'unpack ok' not in said
    assert b'limit' in said + told or b'memory' in said + told, (said, told)
    wait_until(
        lambda: sorted(str(path) for path in server.repository('hello').rglob('*')) == before, 20, 'no change'
    )
    assert alice.git(work, 'ls-remote', alice.url('hello'), 'main').out.startswith(head.decode())


def delta_bomb() -> tuple[bytes, bytes]:
    """A pack with a blob of 64 KB and deltas on it that copy it again and again, up to 1.6 GB."""
    objects = [entry(3, zlib.compress(bytes(65536), 9), 65536)]
    size, copies = 65536, 160
    for _ in range(2):
        copy = bytes([0x80 | 0x10 | 0x20 | 0x40]) + size.to_bytes(3, 'little')
        delta = varint(size) + varint(size * copies) + copy * copies
        offset = len(objects[-1])
        objects.append(entry(6, offset_of(offset) + zlib.compress(delta, 9), len(delta)))
        size *= copies
    body = b'PACK' + struct.pack('>II', 2, len(objects)) + b''.join(objects)
    return b'1' * 40, body + sha1(body).digest()


def entry(kind: int, content: bytes, size: int) -> bytes:
    """gitformat-pack(5): type and length, then the content."""
    first, size = kind << 4 | size & 15, size >> 4
    head = bytearray()
    while size:
        head.append(first | 128)
        first, size = size & 127, size >> 7
    head.append(first)
    return bytes(head) + content


def varint(number: int) -> bytes:
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes([*out, number])


def offset_of(number: int) -> bytes:
    out = [number & 127]
    while number := number >> 7:
        number -= 1
        out.insert(0, number & 127 | 128)
    return bytes(out)


def test_objects_that_would_hurt_a_checkout_are_refused(alice, work):
    tree = run(
        ['git', '-C', str(work), 'mktree'],
        given=f'040000 tree {run_git(work, "rev-parse", "HEAD^{tree}").strip()}\t.git\n'.encode(),
    )
    made = run_git(
        work, '-c', 'user.name=a', '-c', 'user.email=a@b', 'commit-tree', '-m', 'x', tree.out.strip()
    ).strip()
    pushed = alice.push(work, 'hello', f'{made}:refs/heads/main')
    assert pushed.status == 1
    assert 'hasDotgit' in pushed.err
    assert alive(alice.server.process.pid)
