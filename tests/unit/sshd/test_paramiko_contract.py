"""What the door relies on in paramiko beyond its public interface. A failure here means: read the new version first."""

import inspect
import socket
from importlib.metadata import version

import paramiko
import pytest
from paramiko.auth_handler import AuthHandler
from paramiko.packet import Packetizer

from gitreceive.config.checks import ALGORITHMS
from gitreceive.sshd.algorithms import (
    KINDS,
    PROFILES,
    ciphers_for,
    disabled,
    missing,
    nothing_in_common,
    offered,
)
from gitreceive.sshd.guard import Guard
from gitreceive.sshd.transport import ServerTransport, TolerantAuth, UnusableKey

OVERRIDDEN = {
    (ServerTransport, paramiko.Transport): [
        '_log',
        '_negotiate_keys',
        '_parse_debug',
        '_parse_ext_info',
        '_parse_global_request',
        '_parse_newkeys',
        '_queue_incoming_channel',
        '_really_parse_kex_init',
        '_send_user_message',
        'preferred_ciphers',
        'run',
    ],
    (TolerantAuth, AuthHandler): [
        '_generate_key_from_request',
        '_parse_userauth_info_response',
        '_send_auth_result',
    ],
    (Guard, Packetizer): [
        'complete_handshake',
        'handshake_timed_out',
        'read_all',
        'read_message',
        'readline',
        'start_handshake',
    ],
}
USED = {
    paramiko.Transport: [
        '_active_check_timeout',
        '_channel_handler_table',
        '_preferred_kex',
        '_preferred_ciphers',
    ],
    AuthHandler: ['_disconnect_no_more_auth', 'is_authenticated', '_server_handler_table'],
    paramiko.Channel: [
        '_handle_close',
        '_handle_eof',
        '_handle_request',
        '_window_adjust',
        '_unlink',
        '_set_closed',
    ],
    Packetizer: ['need_rekey', 'closed'],
}
CASES = [(ours, theirs, name) for (ours, theirs), names in OVERRIDDEN.items() for name in names]


def test_paramiko_is_the_version_that_was_read():
    assert version('paramiko') == '5.1.0'


@pytest.mark.parametrize(('ours', 'theirs', 'name'), CASES)
def test_what_is_overridden_exists_with_the_same_parameters(ours, theirs, name):
    mine, base = inspect.getattr_static(ours, name), inspect.getattr_static(theirs, name)
    assert mine is not base
    if inspect.isfunction(base):
        names = [list(inspect.signature(function).parameters)[1:] for function in (mine, base)]
        assert len(names[0]) == len(names[1])


@pytest.mark.parametrize(
    ('where', 'name'), [(where, name) for where, names in USED.items() for name in names]
)
def test_what_is_used_exists(where, name):
    assert hasattr(where, name)


def test_the_handlers_are_bound_when_a_transport_is_made(tmp_path):
    """The table holds bound methods, so that the overriding ones are in it."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        transport = ServerTransport(ours, [paramiko.RSAKey.generate(2048)], PROFILES['default'])
        handlers = {handler.__func__ for handler in transport._handler_table.values()}
        for name in ('_parse_newkeys', '_parse_ext_info', '_negotiate_keys'):
            assert getattr(ServerTransport, name) in handlers
        assert set(ServerTransport._channel_handler_table) == set(paramiko.Transport._channel_handler_table)
        assert isinstance(transport.packetizer, Guard)
        answers = TolerantAuth(transport)._server_handler_table.values()
        assert TolerantAuth._parse_userauth_info_response in {handler.__func__ for handler in answers}


def test_post_quantum_key_exchange_is_there():
    assert missing(PROFILES['default']) == ()


@pytest.mark.parametrize('name', PROFILES)
def test_nothing_but_the_profile_is_offered(name):
    profile = PROFILES[name]
    for kind in KINDS:
        left = [algorithm for algorithm in offered(kind) if algorithm not in disabled(profile)[kind]]
        assert set(left) == set(getattr(profile, kind))
    everything = ' '.join(name for kind in KINDS for name in getattr(profile, kind))
    assert not any(weak in everything for weak in ('cbc', 'sha1', 'md5', 'group14', '3des', 'dss'))


def test_openssh_is_offered_gcm_only():
    profile = PROFILES['default']
    assert all('gcm' in cipher for cipher in ciphers_for('SSH-2.0-OpenSSH_9.2p1', profile.ciphers, profile))
    assert ciphers_for('SSH-2.0-PuTTY_Release_0.78', profile.ciphers, profile) == profile.ciphers


def test_compatible_offers_openssh_everything():
    profile = PROFILES['compatible']
    assert ciphers_for('SSH-2.0-OpenSSH_9.2p1', profile.ciphers, profile) == profile.ciphers


def test_compatible_has_all_that_default_has():
    for kind in KINDS:
        assert set(getattr(PROFILES['default'], kind)) <= set(getattr(PROFILES['compatible'], kind))
    assert tuple(PROFILES) == ALGORITHMS


LISTS = {
    'kex_algo_list': ['curve25519-sha256@libssh.org'],
    'server_key_algo_list': ['ssh-ed25519'],
    'client_encrypt_algo_list': ['aes128-ctr'],
    'server_encrypt_algo_list': ['aes128-ctr'],
    'client_mac_algo_list': ['hmac-sha2-256-etm@openssh.com'],
    'server_mac_algo_list': ['hmac-sha2-256-etm@openssh.com'],
}


@pytest.mark.parametrize(
    ('name', 'has', 'told'),
    [
        (
            'kex_algo_list',
            ['ecdh-sha2-nistp256'],
            'no common key exchange: ssh.algorithms = "compatible" has one',
        ),
        (
            'server_key_algo_list',
            ['ssh-rsa', 'rsa-sha2-512'],
            'no common host key: ssh.algorithms = "compatible"',
        ),
        ('client_mac_algo_list', ['hmac-sha1'], 'no common MAC: the client has hmac-sha1'),
        (
            'server_mac_algo_list',
            ['hmac-sha2-256'],
            'no common MAC: ssh.algorithms = "compatible" has one; the client',
        ),
        (
            'client_encrypt_algo_list',
            ['aes128-cbc', '3des-cbc'],
            'no common cipher: the client has aes128-cbc, 3des',
        ),
        ('server_encrypt_algo_list', [], 'no common cipher: the client has '),
    ],
)
def test_what_a_client_lacks_is_named(name, has, told):
    assert nothing_in_common(LISTS, PROFILES['default']) == ''
    assert nothing_in_common({**LISTS, name: has}, PROFILES['default']).startswith(told)


def test_an_unusable_key_never_verifies():
    assert not UnusableKey().verify_ssh_sig(b'', paramiko.Message())
    assert UnusableKey().asbytes() == b''
