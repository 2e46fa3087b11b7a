"""What unauthenticated clients can do before they log in: nothing, for little, and not for long."""

import os
import random
import struct
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import paramiko
import pytest
from paramiko.common import (
    cMSG_CHANNEL_OPEN,
    cMSG_CHANNEL_REQUEST,
    cMSG_IGNORE,
    cMSG_USERAUTH_INFO_RESPONSE,
    cMSG_USERAUTH_REQUEST,
    cMSG_USERAUTH_SUCCESS,
)

from tests.e2e.sshd.attacker import Peer, closed_within, connect, flood, kexinit, packet
from tests.e2e.sshd.sshd_process import Client, make_key, register, run
from tests.waiting import wait_until

MEGABYTE = 1_000_000
BANNER = b'SSH-2.0-someone\r\n'
DEADLINE = 10.0
"""Seconds that the server gives unauthenticated clients to log in."""

GRACE = 8.0
"""Seconds for what happens at once, on a machine that is busy: less than the deadline, which would hide that it does not."""


@pytest.mark.parametrize('first', range(0, 256, 16))
def test_no_message_before_log_in_opens_anything(server, first):
    for number in range(first, first + 16):
        if number in (1, 20):
            continue
        with Peer(server) as peer:
            try:
                peer.send(bytes([number]), 'session', 0, 2_000_000, 32_768)
                peer.send(cMSG_CHANNEL_OPEN, 'session', 0, 2_000_000, 32_768)
                peer.send(cMSG_CHANNEL_REQUEST, 0, 'exec', True, "git-receive-pack '/hello.git'")
            except (EOFError, OSError, paramiko.SSHException):
                pass
            assert peer.ends_within(GRACE), number
    assert not (server.home / 'repos').exists()
    assert server.children() == []
    assert all(line['verb'] is None for line in server.lines('connection'))


def test_a_client_that_declares_itself_logged_in_is_not(server):
    with Peer(server) as peer:
        peer.ask_for_authentication()
        peer.send(cMSG_USERAUTH_SUCCESS)
        peer.send(cMSG_CHANNEL_OPEN, 'session', 0, 2_000_000, 32_768)
        peer.send(cMSG_CHANNEL_REQUEST, 0, 'exec', True, 'help')
        assert peer.ends_within(GRACE)
    assert server.wait_for_line('connection')['name'] is None


def test_only_public_keys_are_offered(server):
    with Peer(server) as peer:
        with pytest.raises(paramiko.BadAuthenticationType) as refused:
            peer.transport.auth_none('git')
        assert refused.value.allowed_types == ['publickey']
        with pytest.raises(paramiko.AuthenticationException):
            peer.transport.auth_password('git', 'password')
        with pytest.raises(paramiko.AuthenticationException):
            peer.transport.auth_interactive('git', lambda *_: [])


def test_who_offers_anothers_key_and_signs_with_their_own_is_themselves(server, people):
    theirs = paramiko.Ed25519Key(filename=str(people['alice']))
    with Peer(server) as peer:
        peer.ask_for_authentication()
        assert peer.offer('ssh-ed25519', theirs.asbytes()) == 'acceptable'
        assert peer.prove(people['bob']) == 'success'
        peer.send(
            cMSG_USERAUTH_REQUEST,
            'git',
            'ssh-connection',
            'publickey',
            False,
            'ssh-ed25519',
            theirs.asbytes(),
        )
        channel = peer.transport.open_session()
        channel.exec_command("git-upload-pack '/secret.git'")
        assert channel.recv_exit_status() == 1
    assert server.wait_for_line('connection')['name'] == 'bob'


def test_a_signature_by_another_key_does_not_log_in(server, people):
    mine, theirs = (paramiko.Ed25519Key(filename=str(people[name])) for name in ('mallory', 'alice'))
    mine.asbytes, mine.get_name = theirs.asbytes, theirs.get_name
    with Peer(server) as peer, pytest.raises(paramiko.AuthenticationException):
        peer.transport.auth_publickey('git', mine)
    assert server.wait_for_line('connection')['name'] is None


def test_a_public_key_alone_does_not_log_in(server, people):
    public = people['alice'].with_name('alice.pub')
    client = Client(public, server)
    assert client.ssh('help').status == 255


def test_a_key_that_cannot_be_read_is_only_a_failed_try(server, people):
    """What a client with a FIDO key does: it offers that one first, and its ordinary key next."""
    token = paramiko.Message()
    for part in ('sk-ssh-ed25519@openssh.com', bytes(32), 'ssh:'):
        token.add_string(part)
    strange = {
        'sk-ssh-ed25519@openssh.com': token.asbytes(),
        'ssh-ed25519-cert-v01@openssh.com': b'\0\0\0\x20ssh-ed25519-cert-v01@openssh.com' + bytes(90),
        'ssh-ed25519': b'\0\0\0\x0bssh-ed25519',
        'no-such-thing': b'',
    }
    for algorithm, blob in strange.items():
        with Peer(server) as peer:
            peer.ask_for_authentication()
            assert peer.offer(algorithm, blob) == 'failure', algorithm
            assert peer.prove(people['alice']) == 'success', algorithm


def test_a_certificate_of_a_known_key_is_refused(server, people, tmp_path):
    authority = make_key(tmp_path / 'ca')
    key = make_key(tmp_path / 'carol')
    register(server.home, 'carol', key)
    run(['ssh-keygen', '-q', '-s', str(authority), '-I', 'carol', '-n', 'git', '-V', '-2d:-1d', f'{key}.pub'])
    certificate = tmp_path / 'carol-cert.pub'
    assert certificate.exists()
    plain, alone = Client(key, server), tmp_path / 'alone'
    alone.write_bytes(key.read_bytes())
    alone.chmod(0o600)
    assert plain.ssh('help').status == 0
    only = (
        '-o',
        f'CertificateFile={certificate}',
        '-o',
        'PubkeyAcceptedAlgorithms=ssh-ed25519-cert-v01@openssh.com',
    )
    assert Client(alone, server).ssh('help', options=only).status == 255


def test_the_sixth_wrong_key_is_the_last(server, people):
    wrong = paramiko.Ed25519Key(filename=str(people['mallory'])).asbytes()
    with Peer(server) as peer:
        peer.ask_for_authentication()
        assert [peer.offer('ssh-ed25519', wrong) for _ in range(6)] == ['failure'] * 6
        assert peer.ends_within(GRACE)
    assert server.wait_for_line('connection')['reason'] == 'too many failed tries to log in'


def test_five_wrong_keys_and_the_right_one_log_in(server, people, tmp_path):
    wrong = [make_key(tmp_path / f'k{at}') for at in range(5)]
    client = Client(wrong[0], server)
    options = tuple(word for key in (*wrong[1:], people['alice']) for word in ('-i', str(key)))
    assert client.ssh('help', options=options).status == 0


PRELUDES = {
    'nothing': b'',
    'half a banner': b'SSH-2.0-h',
    'a banner': BANNER,
    'half a key exchange': BANNER + kexinit()[:100],
    'a key exchange message': BANNER + kexinit(),
    'a key exchange message and half of the next': BANNER + kexinit() + b'\0\0\0\x2c\x06',
}


def test_two_hundred_half_open_connections_are_ended_and_bother_nobody(server, people):
    alice = Client(people['alice'], server)
    alice.ssh('help')
    memory = server.memory()
    start = time.monotonic()
    socks = [
        sock for prelude in PRELUDES.values() for sock in flood(server, 200 // len(PRELUDES) + 1, prelude)
    ]
    try:
        before = time.monotonic()
        assert alice.ssh('help', options=('-b', '127.0.0.2')).status == 0
        assert time.monotonic() - before < GRACE, 'it waited for the others to end'
        assert server.threads() < 80
        with ThreadPoolExecutor(len(socks)) as pool:
            left = start + DEADLINE + GRACE - time.monotonic()
            assert all(pool.map(lambda sock: closed_within(sock, left), socks))
    finally:
        for sock in socks:
            sock.close()
    wait_until(lambda: server.threads() <= 2, 20, 'the threads to end')
    assert server.memory() - memory < 16 * MEGABYTE
    assert alice.ssh('help').status == 0


def test_a_peer_that_drips_or_stalls_after_the_key_exchange_has_ten_seconds(server):
    dripping = connect(server)
    with Peer(server) as stalled:
        start = time.monotonic()
        while time.monotonic() < start + DEADLINE + GRACE:
            try:
                dripping.sendall(b'S')
            except OSError:
                break
            time.sleep(0.25)
        else:
            pytest.fail('it goes on')
        assert stalled.ends_within(GRACE)
    assert 'not logged in after 10 s' in {line['reason'] for line in server.lines('connection')}


def test_who_waits_in_line_is_served_when_a_place_is_free(server, people):
    """Eight unauthenticated clients from one address are inside; the ninth is served as soon as one of them leaves."""
    socks = flood(server, 8, b'')
    waiting = subprocess.Popen(
        [*Client(people['alice'], server).ssh_words(), 'git@127.0.0.1', 'help'], stdout=-3
    )
    time.sleep(0.5)
    assert waiting.poll() is None
    socks.pop().close()
    assert waiting.wait(30) == 0
    for sock in socks:
        sock.close()


@pytest.mark.parametrize('length', [0x7FFFFFFC, 0xFFFFFFFC, 0x0FFFFFFC, 300_004, 35_012])
@pytest.mark.parametrize('prelude', [BANNER, BANNER + kexinit()])
def test_a_packet_that_claims_to_be_large_is_refused_at_once(server, length, prelude):
    memory = server.memory()
    with connect(server) as sock:
        sock.sendall(prelude + struct.pack('>IB', length, 4) + bytes(3))
        assert closed_within(sock, GRACE)
    assert server.memory() - memory < 16 * MEGABYTE
    assert server.wait_for_line('connection')['reason'] == 'a packet is too large'


@pytest.mark.parametrize('text', [b'x' * 20_000, b'hello\n' * 4_000, b'SSH-' + b'\x1b[31m' * 5_000])
def test_an_endless_banner_is_refused(server, text):
    memory = server.memory()
    with connect(server) as sock:
        try:
            sock.sendall(text)
        except OSError:
            pass
        assert closed_within(sock, GRACE)
    assert server.memory() - memory < 16 * MEGABYTE


def test_a_megabyte_before_log_in_costs_nothing(server):
    memory = server.memory('VmHWM')
    with Peer(server) as peer:
        try:
            for _ in range(2_000):
                peer.send(cMSG_IGNORE, bytes(30_000))
        except (EOFError, OSError):
            pass
        assert peer.ends_within(GRACE)
    assert server.memory('VmHWM') - memory < 16 * MEGABYTE
    assert server.wait_for_line('connection')['reason'] == 'too many packets before log-in'


def test_a_second_key_exchange_before_log_in_is_refused(server):
    with Peer(server) as peer:
        peer.transport._send_kex_init()
        assert peer.ends_within(GRACE)
    assert server.wait_for_line('connection')['reason'] == 'a second key exchange before log-in'


@pytest.mark.parametrize('message', [cMSG_USERAUTH_INFO_RESPONSE, b'\x07', b'\x04'])
def test_a_packet_that_claims_to_hold_four_thousand_million_things_costs_nothing(server, people, message):
    """INFO_RESPONSE and EXT_INFO say how many answers or extensions follow; DEBUG how long its text is."""
    memory = server.memory('VmHWM')
    with Peer(server) as peer:
        peer.ask_for_authentication()
        for _ in range(5):
            peer.send(message, 0xFFFFFFFF)
        assert Client(people['alice'], server).ssh('help').status == 0
    assert server.memory('VmHWM') - memory < 100 * MEGABYTE


def test_an_ignore_message_before_the_key_exchange_ends_a_strict_one(server):
    lists = (
        b'curve25519-sha256@libssh.org,kex-strict-c-v00@openssh.com',
        b'ssh-ed25519',
        *(b'aes128-gcm@openssh.com',) * 2,
        *(b'hmac-sha2-256-etm@openssh.com',) * 2,
        *(b'none', b'none', b'', b''),
    )
    with connect(server) as sock:
        sock.sendall(BANNER + packet(cMSG_IGNORE + struct.pack('>I', 4) + b'1234') + kexinit(*lists))
        assert closed_within(sock, GRACE)
    assert 'MessageOrderError' in str(server.wait_for_line('connection')['reason'])


def random_bytes(chance: random.Random) -> bytes:
    return chance.randbytes(chance.randrange(1, 2_000))


def odd_banner(chance: random.Random) -> bytes:
    return (
        b'SSH-'
        + chance.choice([b'2.0', b'1.5', b'', b'\xff', b'9' * 300])
        + b'-'
        + random_bytes(chance)
        + b'\n'
    )


def framed(chance: random.Random) -> bytes:
    return BANNER + b''.join(packet(random_bytes(chance)) for _ in range(3))


def mutated(chance: random.Random) -> bytes:
    data = bytearray(kexinit())
    for _ in range(chance.randrange(1, 8)):
        data[chance.randrange(len(data))] = chance.randrange(256)
    return BANNER + bytes(data) + packet(bytes([chance.randrange(256)]) + random_bytes(chance))


def test_a_thousand_random_peers_leave_no_trace(server, people):
    chance = random.Random(1)
    alice = Client(people['alice'], server)
    alice.ssh('help')
    memory = server.memory()
    for at in range(1_000):
        with connect(server, f'127.0.0.{chance.randrange(2, 250)}') as sock:
            try:
                sock.sendall([random_bytes, odd_banner, framed, mutated][at % 4](chance))
                sock.shutdown(1)
                closed_within(sock, 5)
            except OSError:
                pass
    assert alice.ssh('help').status == 0
    wait_until(lambda: server.threads() <= 2, 20, 'the threads to end')
    assert server.memory() - memory < 16 * MEGABYTE
    assert server.descriptors() < 20
    check_log(server)


def check_log(server) -> None:
    data = server.log_file.read_bytes()
    assert server.lines()
    assert all(len(line) < 512 for line in data.splitlines())
    assert not [byte for byte in set(data) if byte > 126 or (byte < 32 and byte != 10)]


def test_nothing_raw_of_a_stranger_is_in_the_log(server, people):
    with connect(server) as sock:
        sock.sendall(b'SSH-2.0-a\x1b[31m\n{"fake": 1}\n')
        closed_within(sock, 2)
    with connect(server) as sock:
        sock.sendall(b'SSH-1.5-\xc2\x9b31m\x07"\\\r\n')
        closed_within(sock, 2)
    user = 'x\n{"event": "fake"}\x1b]0;title\x07\u202e' + 'é' * 500
    with Peer(server) as peer, pytest.raises(paramiko.AuthenticationException):
        peer.transport.auth_publickey(user, paramiko.Ed25519Key(filename=str(people['mallory'])))
    wait_until(lambda: len(server.lines('connection')) >= 3, 20, 'the log')
    check_log(server)
    assert {line['event'] for line in server.lines()} <= {'ready', 'connection'}


def test_no_descriptors_left_is_survived(start_server, people):
    server = start_server()
    alice = Client(people['alice'], server)
    run(['prlimit', '--pid', str(server.process.pid), f'--nofile={server.descriptors() + 4}'])
    socks = []
    for _ in range(20):
        sock = connect(server)
        socks.append(sock)
    time.sleep(0.5)
    for sock in socks:
        sock.close()
    run(['prlimit', '--pid', str(server.process.pid), '--nofile=1024'])
    wait_until(lambda: alice.ssh('help').status == 0, 10, 'the server to serve again')


def test_ssh_audit_finds_one_warning_in_the_default_profile_and_none_in_the_strict_one(start_server):
    assert audit(start_server('default')) == (0, 1)
    assert audit(start_server('strict', GITRECEIVE_SSH_ALGORITHMS='strict')) == (0, 0)


def audit(server) -> tuple[int, int]:
    """Failures and warnings."""
    program = Path(sys.executable).with_name('ssh-audit')
    done = run([str(program), '--skip-rate-test', '-n', '-p', str(server.port), '127.0.0.1'])
    lines = done.out.splitlines()
    assert 'gitreceive' in done.out
    return sum('[fail]' in line for line in lines), sum('[warn]' in line for line in lines)


def test_the_host_key_stays_the_same_and_is_an_ed25519_key(start_server):
    def scan(server) -> str:
        return run(['ssh-keyscan', '-p', str(server.port), '127.0.0.1']).out.split(' ', 1)[-1]

    first = start_server()
    seen = scan(first)
    assert seen.startswith('ssh-ed25519 ')
    assert (first.home / 'sshd' / 'ssh_host_ed25519_key.pub').read_text().split()[1] in seen
    first.stop()
    assert scan(start_server()) == seen


def test_a_server_with_an_open_host_key_does_not_start(server):
    server.stop()
    (server.home / 'sshd' / 'ssh_host_ed25519_key').chmod(0o644)
    done = run(
        [sys.executable, '-m', 'gitreceive.sshd', '--home', str(server.home), '--listen', '127.0.0.1:0']
    )
    assert done.status == 11
    assert 'chmod 600' in done.err
    assert os.path.getsize(server.home / 'sshd' / 'ssh_host_ed25519_key') > 100
