"""Which clients each setting of ``ssh.algorithms`` lets in, tried with the real ones, and what the log says of the others."""

import os
import shutil
import socket
import subprocess
from pathlib import Path

import paramiko
import pytest
from paramiko.common import MSG_KEXINIT

from tests.e2e.sshd.sshd_process import Client, RunningServer, make_key, make_work, register, run, run_git

NEEDS_COMPATIBLE = {
    'MAC': ('-o', 'MACs=hmac-sha2-256', '-o', 'Ciphers=aes256-ctr'),
    'key exchange': ('-o', 'KexAlgorithms=ecdh-sha2-nistp256'),
    'host key': ('-o', 'HostKeyAlgorithms=ecdsa-sha2-nistp256'),
}
OTHERS = [
    ('-o', 'KexAlgorithms=diffie-hellman-group16-sha512', '-o', 'HostKeyAlgorithms=rsa-sha2-256'),
    ('-o', 'HostKeyAlgorithms=rsa-sha2-512', '-o', 'Ciphers=aes128-ctr', '-o', 'MACs=hmac-sha2-512'),
    ('-o', 'KexAlgorithms=ecdh-sha2-nistp521'),
]


@pytest.fixture
def compatible(start_server) -> RunningServer:
    return start_server('compatible', GITRECEIVE_SSH_ALGORITHMS='compatible')


@pytest.mark.parametrize('missing', NEEDS_COMPATIBLE)
def test_a_client_with_older_algorithms_is_let_in_by_compatible_and_named_in_the_log_by_default(
    start_server, compatible, people, missing
):
    options = NEEDS_COMPATIBLE[missing]
    assert Client(people['alice'], compatible).ssh('help', options=options).status == 0
    server = start_server()
    assert Client(people['alice'], server).ssh('help', options=options).status == 255
    reason = str(server.wait_for_line('connection')['reason'])
    assert reason.startswith(f'no common {missing}: ssh.algorithms = "compatible" has one; the client has ')
    assert options[1].partition('=')[2] in reason


@pytest.mark.parametrize('options', OTHERS, ids=' '.join)
def test_compatible_takes_what_older_clients_have(compatible, people, options):
    assert Client(people['alice'], compatible).ssh('help', options=options).status == 0


def test_current_clients_are_served_by_compatible_as_before(compatible, people):
    assert Client(people['alice'], compatible).ssh('help').status == 0


@pytest.mark.parametrize('kind', [('ecdsa', '-b', '384'), ('rsa', '-b', '3072')], ids=lambda kind: kind[0])
def test_ecdsa_and_rsa_keys_log_in(compatible, tmp_path, kind):
    key = make_key(tmp_path / 'key', *kind)
    register(compatible.home, 'carol', key)
    options = ('-o', 'MACs=hmac-sha2-256', '-o', 'Ciphers=aes256-ctr')
    assert Client(key, compatible).ssh('help', options=options).status == 0


def test_nothing_has_sha1_or_cbc(compatible, people):
    for option in ('MACs=hmac-sha1', 'KexAlgorithms=diffie-hellman-group14-sha1', 'Ciphers=aes128-cbc'):
        assert Client(people['alice'], compatible).ssh('help', options=('-o', option)).status == 255
    reasons = [str(line['reason']) for line in compatible.lines('connection')]
    assert reasons and all('the client has' in reason and '"compatible"' not in reason for reason in reasons)


def test_paramiko_with_nothing_but_older_algorithms(compatible, people):
    old = {
        'kex': [name for name in paramiko.Transport._preferred_kex if name != 'ecdh-sha2-nistp256'],
        'macs': [name for name in paramiko.Transport._preferred_macs if name != 'hmac-sha2-256'],
        'keys': ['ssh-ed25519', 'ecdsa-sha2-nistp256'],
        'ciphers': [name for name in paramiko.Transport._preferred_ciphers if name != 'aes256-ctr'],
    }
    with paramiko.SSHClient() as client:
        client.set_missing_host_key_policy(paramiko.AutoAddPolicy())
        client.connect(
            '127.0.0.1',
            compatible.port,
            'git',
            key_filename=str(people['alice']),
            disabled_algorithms=old,
            allow_agent=False,
            look_for_keys=False,
        )
        _, out, _ = client.exec_command('help')
        assert out.channel.recv_exit_status() == 0


def libssh2() -> bool:
    said = subprocess.run(['curl', '--version'], capture_output=True, text=True).stdout
    return 'libssh2/1.10' in said


@pytest.mark.skipif(not libssh2(), reason="needs a curl with libssh2 1.10, as Debian 12's is")
def test_libssh2_1_10_gets_past_the_handshake(start_server, compatible, tmp_path, people):
    key = make_key(tmp_path / 'pem', 'ecdsa', '-m', 'PEM')
    register(compatible.home, 'carol', key)
    done = curl(compatible, key)
    line = compatible.wait_for_line('connection')
    assert line['name'] == 'carol', (done.stderr, line)
    server = start_server()
    register(server.home, 'carol', key)
    assert curl(server, key).returncode == 2, 'CURLE_FAILED_INIT: no session'
    reason = str(server.wait_for_line('connection')['reason'])
    assert reason.startswith('no common MAC: ssh.algorithms = "compatible" has one; the client has ')


def curl(server: RunningServer, key: Path) -> subprocess.CompletedProcess[str]:
    words = ['curl', '--insecure', '-sS', '--key', str(key), '--pubkey', f'{key}.pub', '-u', 'git:']
    return subprocess.run(
        [*words, f'sftp://127.0.0.1:{server.port}/'], capture_output=True, text=True, timeout=30
    )


@pytest.mark.skipif(not shutil.which('dbclient'), reason='needs dropbear-bin')
def test_dropbear_pushes(compatible, people, tmp_path):
    key = tmp_path / 'dropbear'
    subprocess.run(['dropbearconvert', 'openssh', 'dropbear', str(people['alice']), str(key)], check=True)
    words = ['dbclient', '-y', '-i', str(key), '-p', str(compatible.port)]
    done = run([*words, 'git@127.0.0.1', 'help'])
    assert done.status == 0, (done, compatible.lines('connection')[-1]['reason'])
    script = tmp_path / 'ssh'
    script.write_text(f'#!/bin/sh\nexec dbclient -y -i {key} -p {compatible.port} "$@"\n')
    script.chmod(0o755)
    work = make_work(tmp_path / 'work', big=b'x' * 3_000_000)
    environ = {**os.environ, 'GIT_SSH': str(script), 'GIT_SSH_VARIANT': 'simple'}
    done = run(['git', '-C', str(work), 'push', 'git@127.0.0.1:hello.git', 'main'], environ=environ)
    assert '[new branch]' in done.err, done
    assert run_git(compatible.repository('hello'), 'rev-parse', 'main') == run_git(work, 'rev-parse', 'main')


MSG_KEX_ECDH_INIT = 30
GUESS = b'\7' * 32


@pytest.mark.parametrize('right', [True, False], ids=['right', 'wrong'])
def test_a_first_packet_on_a_guess_counts_only_if_the_guess_is_right(compatible, people, monkeypatch, right):
    """RFC 4253, 7. paramiko as a client that guesses, as dropbear does."""
    kex = ['mlkem768x25519-sha256', 'curve25519-sha256@libssh.org']
    sent = paramiko.Transport._send_message

    def guessing(self: paramiko.Transport, data: paramiko.Message) -> None:
        packet = data.asbytes()
        if packet[0] != MSG_KEXINIT:
            return sent(self, data)
        packet = packet[:-5] + b'\1' + packet[-4:]  # first_kex_packet_follows
        self.local_kex_init = self._latest_kex_init = packet
        sent(self, paramiko.Message(packet))
        if not right:
            sent(self, paramiko.Message(bytes([MSG_KEX_ECDH_INIT]) + len(GUESS).to_bytes(4, 'big') + GUESS))

    monkeypatch.setattr(paramiko.Transport, '_send_message', guessing)
    with socket.create_connection(('127.0.0.1', compatible.port)) as sock:
        transport = paramiko.Transport(sock)
        transport.get_security_options().kex = kex if right else kex[::-1]
        transport.get_security_options().key_types = ['ssh-ed25519']
        transport.connect(
            username='git', pkey=paramiko.Ed25519Key.from_private_key_file(str(people['alice']))
        )
        assert transport.is_authenticated()
        transport.close()


def test_a_former_setting_is_a_line_of_the_log(start_server, people):
    server = start_server(GITRECEIVE_ALGORITHMS='strict')
    assert [line['reason'] for line in server.lines('warning')] == [
        'GITRECEIVE_ALGORITHMS is now GITRECEIVE_SSH_ALGORITHMS'
    ]
