"""What strangers can do before they log in: nothing, for little, and not for long."""

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
from tests.e2e.sshd.sshd_process import Client, make_key, register, run, wait_until

MEGABYTE = 1_000_000
BANNER = b'SSH-2.0-someone\r\n'
DEADLINE = 10.0
"""Seconds that the door gives strangers to log in."""

PATIENCE = 8.0
"""Seconds for what happens at once, on a machine that is busy: less than the deadline, which would hide that it does not."""


@pytest.mark.parametrize('first', range(0, 256, 16))
def test_no_message_before_log_in_opens_anything(door, first):
    for number in range(first, first + 16):
        if number in (1, 20):
            continue
        with Peer(door) as peer:
            try:
                peer.send(bytes([number]), 'session', 0, 2_000_000, 32_768)
                peer.send(cMSG_CHANNEL_OPEN, 'session', 0, 2_000_000, 32_768)
                peer.send(cMSG_CHANNEL_REQUEST, 0, 'exec', True, "git-receive-pack '/hello.git'")
            except (EOFError, OSError, paramiko.SSHException):
                pass
            assert peer.ends_within(PATIENCE), number
    assert not (door.home / 'repos').exists()
    assert door.children() == []
    assert all(line['verb'] is None for line in door.lines('connection'))


def test_a_client_that_declares_itself_logged_in_is_not(door):
    with Peer(door) as peer:
        peer.ask_for_authentication()
        peer.send(cMSG_USERAUTH_SUCCESS)
        peer.send(cMSG_CHANNEL_OPEN, 'session', 0, 2_000_000, 32_768)
        peer.send(cMSG_CHANNEL_REQUEST, 0, 'exec', True, 'help')
        assert peer.ends_within(PATIENCE)
    assert door.wait_for_line('connection')['name'] is None


def test_only_public_keys_are_offered(door):
    with Peer(door) as peer:
        with pytest.raises(paramiko.BadAuthenticationType) as refused:
            peer.transport.auth_none('git')
        assert refused.value.allowed_types == ['publickey']
        with pytest.raises(paramiko.AuthenticationException):
            peer.transport.auth_password('git', 'password')
        with pytest.raises(paramiko.AuthenticationException):
            peer.transport.auth_interactive('git', lambda *_: [])


def test_who_offers_anothers_key_and_signs_with_their_own_is_themselves(door, people):
    theirs = paramiko.Ed25519Key(filename=str(people['alice']))
    with Peer(door) as peer:
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
    assert door.wait_for_line('connection')['name'] == 'bob'


def test_a_signature_by_another_key_does_not_log_in(door, people):
    mine, theirs = (paramiko.Ed25519Key(filename=str(people[name])) for name in ('mallory', 'alice'))
    mine.asbytes, mine.get_name = theirs.asbytes, theirs.get_name
    with Peer(door) as peer, pytest.raises(paramiko.AuthenticationException):
        peer.transport.auth_publickey('git', mine)
    assert door.wait_for_line('connection')['name'] is None


def test_a_public_key_alone_does_not_log_in(door, people):
    public = people['alice'].with_name('alice.pub')
    client = Client(public, door)
    assert client.ssh('help').status == 255


def test_a_key_that_cannot_be_read_is_only_a_failed_try(door, people):
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
        with Peer(door) as peer:
            peer.ask_for_authentication()
            assert peer.offer(algorithm, blob) == 'failure', algorithm
            assert peer.prove(people['alice']) == 'success', algorithm


def test_a_certificate_of_a_known_key_is_refused(door, people, tmp_path):
    authority = make_key(tmp_path / 'ca')
    key = make_key(tmp_path / 'carol')
    register(door.home, 'carol', key)
    run(['ssh-keygen', '-q', '-s', str(authority), '-I', 'carol', '-n', 'git', '-V', '-2d:-1d', f'{key}.pub'])
    certificate = tmp_path / 'carol-cert.pub'
    assert certificate.exists()
    plain, alone = Client(key, door), tmp_path / 'alone'
    alone.write_bytes(key.read_bytes())
    alone.chmod(0o600)
    assert plain.ssh('help').status == 0
    only = (
        '-o',
        f'CertificateFile={certificate}',
        '-o',
        'PubkeyAcceptedAlgorithms=ssh-ed25519-cert-v01@openssh.com',
    )
    assert Client(alone, door).ssh('help', options=only).status == 255


def test_the_sixth_wrong_key_is_the_last(door, people):
    wrong = paramiko.Ed25519Key(filename=str(people['mallory'])).asbytes()
    with Peer(door) as peer:
        peer.ask_for_authentication()
        assert [peer.offer('ssh-ed25519', wrong) for _ in range(6)] == ['failure'] * 6
        assert peer.ends_within(PATIENCE)
    assert door.wait_for_line('connection')['reason'] == 'too many failed tries to log in'


def test_five_wrong_keys_and_the_right_one_log_in(door, people, tmp_path):
    wrong = [make_key(tmp_path / f'k{at}') for at in range(5)]
    client = Client(wrong[0], door)
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


def test_two_hundred_half_open_connections_are_ended_and_bother_nobody(door, people):
    alice = Client(people['alice'], door)
    alice.ssh('help')
    memory = door.memory()
    start = time.monotonic()
    socks = [sock for prelude in PRELUDES.values() for sock in flood(door, 200 // len(PRELUDES) + 1, prelude)]
    try:
        before = time.monotonic()
        assert alice.ssh('help', options=('-b', '127.0.0.2')).status == 0
        assert time.monotonic() - before < PATIENCE, 'it waited for the others to end'
        assert door.threads() < 80
        with ThreadPoolExecutor(len(socks)) as pool:
            left = start + DEADLINE + PATIENCE - time.monotonic()
            assert all(pool.map(lambda sock: closed_within(sock, left), socks))
    finally:
        for sock in socks:
            sock.close()
    wait_until(lambda: door.threads() <= 2, 20, 'the threads to end')
    assert door.memory() - memory < 16 * MEGABYTE
    assert alice.ssh('help').status == 0


def test_a_peer_that_drips_or_stalls_after_the_key_exchange_has_ten_seconds(door):
    dripping = connect(door)
    with Peer(door) as stalled:
        start = time.monotonic()
        while time.monotonic() < start + DEADLINE + PATIENCE:
            try:
                dripping.sendall(b'S')
            except OSError:
                break
            time.sleep(0.25)
        else:
            pytest.fail('it goes on')
        assert stalled.ends_within(PATIENCE)
    assert 'not logged in after 10 s' in {line['reason'] for line in door.lines('connection')}


def test_who_waits_in_line_is_served_when_a_place_is_free(door, people):
    """Eight strangers from one address are inside; the ninth is served as soon as one of them leaves."""
    socks = flood(door, 8, b'')
    waiting = subprocess.Popen(
        [*Client(people['alice'], door).ssh_words(), 'git@127.0.0.1', 'help'], stdout=-3
    )
    time.sleep(0.5)
    assert waiting.poll() is None
    socks.pop().close()
    assert waiting.wait(30) == 0
    for sock in socks:
        sock.close()


@pytest.mark.parametrize('length', [0x7FFFFFFC, 0xFFFFFFFC, 0x0FFFFFFC, 300_004, 35_012])
@pytest.mark.parametrize('prelude', [BANNER, BANNER + kexinit()])
def test_a_packet_that_claims_to_be_large_is_refused_at_once(door, length, prelude):
    memory = door.memory()
    with connect(door) as sock:
        sock.sendall(prelude + struct.pack('>IB', length, 4) + bytes(3))
        assert closed_within(sock, PATIENCE)
    assert door.memory() - memory < 16 * MEGABYTE
    assert door.wait_for_line('connection')['reason'] == 'a packet is too large'


@pytest.mark.parametrize('text', [b'x' * 20_000, b'hello\n' * 4_000, b'SSH-' + b'\x1b[31m' * 5_000])
def test_an_endless_banner_is_refused(door, text):
    memory = door.memory()
    with connect(door) as sock:
        try:
            sock.sendall(text)
        except OSError:
            pass
        assert closed_within(sock, PATIENCE)
    assert door.memory() - memory < 16 * MEGABYTE


def test_a_megabyte_before_log_in_costs_nothing(door):
    memory = door.memory('VmHWM')
    with Peer(door) as peer:
        try:
            for _ in range(2_000):
                peer.send(cMSG_IGNORE, bytes(30_000))
        except (EOFError, OSError):
            pass
        assert peer.ends_within(PATIENCE)
    assert door.memory('VmHWM') - memory < 16 * MEGABYTE
    assert door.wait_for_line('connection')['reason'] == 'too many packets before log-in'


def test_a_second_key_exchange_before_log_in_is_refused(door):
    with Peer(door) as peer:
        peer.transport._send_kex_init()
        assert peer.ends_within(PATIENCE)
    assert door.wait_for_line('connection')['reason'] == 'a second key exchange before log-in'


@pytest.mark.parametrize('message', [cMSG_USERAUTH_INFO_RESPONSE, b'\x07', b'\x04'])
def test_a_packet_that_claims_to_hold_four_thousand_million_things_costs_nothing(door, people, message):
    """INFO_RESPONSE and EXT_INFO say how many answers or extensions follow; DEBUG how long its text is."""
    memory = door.memory('VmHWM')
    with Peer(door) as peer:
        peer.ask_for_authentication()
        for _ in range(5):
            peer.send(message, 0xFFFFFFFF)
        assert Client(people['alice'], door).ssh('help').status == 0
    assert door.memory('VmHWM') - memory < 100 * MEGABYTE


def test_an_ignore_message_before_the_key_exchange_ends_a_strict_one(door):
    lists = (
        b'curve25519-sha256@libssh.org,kex-strict-c-v00@openssh.com',
        b'ssh-ed25519',
        *(b'aes128-gcm@openssh.com',) * 2,
        *(b'hmac-sha2-256-etm@openssh.com',) * 2,
        *(b'none', b'none', b'', b''),
    )
    with connect(door) as sock:
        sock.sendall(BANNER + packet(cMSG_IGNORE + struct.pack('>I', 4) + b'1234') + kexinit(*lists))
        assert closed_within(sock, PATIENCE)
    assert 'MessageOrderError' in str(door.wait_for_line('connection')['reason'])


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


def test_a_thousand_random_peers_leave_no_trace(door, people):
    chance = random.Random(1)
    alice = Client(people['alice'], door)
    alice.ssh('help')
    memory = door.memory()
    for at in range(1_000):
        with connect(door, f'127.0.0.{chance.randrange(2, 250)}') as sock:
            try:
                sock.sendall([random_bytes, odd_banner, framed, mutated][at % 4](chance))
                sock.shutdown(1)
                closed_within(sock, 5)
            except OSError:
                pass
    assert alice.ssh('help').status == 0
    wait_until(lambda: door.threads() <= 2, 20, 'the threads to end')
    assert door.memory() - memory < 16 * MEGABYTE
    assert door.descriptors() < 20
    check_log(door)


def check_log(door) -> None:
    data = door.log_file.read_bytes()
    assert door.lines()
    assert all(len(line) < 512 for line in data.splitlines())
    assert not [byte for byte in set(data) if byte > 126 or (byte < 32 and byte != 10)]


def test_nothing_raw_of_a_stranger_is_in_the_log(door, people):
    with connect(door) as sock:
        sock.sendall(b'SSH-2.0-a\x1b[31m\n{"fake": 1}\n')
        closed_within(sock, 2)
    with connect(door) as sock:
        sock.sendall(b'SSH-1.5-\xc2\x9b31m\x07"\\\r\n')
        closed_within(sock, 2)
    user = 'x\n{"event": "fake"}\x1b]0;title\x07\u202e' + 'é' * 500
    with Peer(door) as peer, pytest.raises(paramiko.AuthenticationException):
        peer.transport.auth_publickey(user, paramiko.Ed25519Key(filename=str(people['mallory'])))
    wait_until(lambda: len(door.lines('connection')) >= 3, 20, 'the log')
    check_log(door)
    assert {line['event'] for line in door.lines()} <= {'ready', 'connection'}


def test_no_descriptors_left_is_survived(start_door, people):
    door = start_door()
    alice = Client(people['alice'], door)
    run(['prlimit', '--pid', str(door.process.pid), f'--nofile={door.descriptors() + 4}'])
    socks = []
    for _ in range(20):
        sock = connect(door)
        socks.append(sock)
    time.sleep(0.5)
    for sock in socks:
        sock.close()
    run(['prlimit', '--pid', str(door.process.pid), '--nofile=1024'])
    wait_until(lambda: alice.ssh('help').status == 0, 10, 'the door to serve again')


def test_ssh_audit_finds_one_warning_in_the_default_profile_and_none_in_the_strict_one(start_door):
    assert audit(start_door('default')) == (0, 1)
    assert audit(start_door('strict', GITRECEIVE_SSH_ALGORITHMS='strict')) == (0, 0)


def audit(door) -> tuple[int, int]:
    """Failures and warnings."""
    program = Path(sys.executable).with_name('ssh-audit')
    done = run([str(program), '--skip-rate-test', '-n', '-p', str(door.port), '127.0.0.1'])
    lines = done.out.splitlines()
    assert 'gitreceive' in done.out
    return sum('[fail]' in line for line in lines), sum('[warn]' in line for line in lines)


def test_the_host_key_stays_the_same_and_is_an_ed25519_key(start_door):
    def scan(door) -> str:
        return run(['ssh-keyscan', '-p', str(door.port), '127.0.0.1']).out.split(' ', 1)[-1]

    first = start_door()
    seen = scan(first)
    assert seen.startswith('ssh-ed25519 ')
    assert (first.home / 'sshd' / 'ssh_host_ed25519_key.pub').read_text().split()[1] in seen
    first.stop()
    assert scan(start_door()) == seen


def test_a_door_with_an_open_host_key_does_not_start(door):
    door.stop()
    (door.home / 'sshd' / 'ssh_host_ed25519_key').chmod(0o644)
    done = run([sys.executable, '-m', 'gitreceive.sshd', '--home', str(door.home), '--listen', '127.0.0.1:0'])
    assert done.status == 11
    assert 'chmod 600' in done.err
    assert os.path.getsize(door.home / 'sshd' / 'ssh_host_ed25519_key') > 100
