"""Which algorithms the SSH server offers: an allow-list, held against what paramiko would offer by itself.

``default`` keeps one exchange without post-quantum protection for OpenSSH before 9.9, PuTTY and Go's clients;
``strict`` does not. ``compatible`` is for clients that have neither ed25519 keys nor MACs that are computed over the
encrypted text, such as libssh2 1.10, dropbear before 2020 and OpenSSH with settings of its own: NIST's curves, ECDSA and
RSA host keys with SHA-2, and HMAC over the plain text. Nothing has SHA-1.

paramiko takes deny-lists only: they are computed, so that an algorithm that a newer paramiko adds is off until it is
named here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from paramiko import Transport

Kind = Literal['kex', 'ciphers', 'macs', 'keys', 'pubkeys']
KINDS: tuple[Kind, ...] = get_args(Kind)

POST_QUANTUM = 'mlkem768x25519-sha256'
CLASSIC = 'curve25519-sha256@libssh.org'
GCM = ('aes128-gcm@openssh.com', 'aes256-gcm@openssh.com')
CTR = ('aes128-ctr', 'aes192-ctr', 'aes256-ctr')


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """The names that are allowed, by their place in the key exchange (RFC 4253, 7.1)."""

    kex: tuple[str, ...]
    ciphers: tuple[str, ...]
    macs: tuple[str, ...] = ('hmac-sha2-256-etm@openssh.com', 'hmac-sha2-512-etm@openssh.com')
    keys: tuple[str, ...] = ('ssh-ed25519',)
    pubkeys: tuple[str, ...] = (
        'ssh-ed25519',
        'ecdsa-sha2-nistp256',
        'ecdsa-sha2-nistp384',
        'ecdsa-sha2-nistp521',
        'rsa-sha2-512',
        'rsa-sha2-256',
    )


PROFILES = {
    'default': Profile(kex=(POST_QUANTUM, CLASSIC), ciphers=(*GCM, *CTR)),
    'strict': Profile(kex=(POST_QUANTUM,), ciphers=GCM),
    'compatible': Profile(
        kex=(
            POST_QUANTUM,
            CLASSIC,
            'ecdh-sha2-nistp256',
            'ecdh-sha2-nistp384',
            'ecdh-sha2-nistp521',
            'diffie-hellman-group16-sha512',
        ),
        ciphers=(*GCM, *CTR),
        macs=(
            'hmac-sha2-256-etm@openssh.com',
            'hmac-sha2-512-etm@openssh.com',
            'hmac-sha2-256',
            'hmac-sha2-512',
        ),
        keys=('ssh-ed25519', 'ecdsa-sha2-nistp256', 'rsa-sha2-512', 'rsa-sha2-256'),
    ),
}


def offered(kind: Kind) -> tuple[str, ...]:
    """What paramiko would offer by itself."""
    return tuple(getattr(Transport, f'_preferred_{kind}'))


def disabled(profile: Profile) -> dict[str, list[str]]:
    """paramiko's ``disabled_algorithms``: all that it has and the profile does not name."""
    return {kind: sorted(set(offered(kind)) - set(getattr(profile, kind))) for kind in KINDS}


def missing(profile: Profile) -> tuple[str, ...]:
    """What the profile names and this paramiko (or its cryptography) does not have."""
    return tuple(name for kind in KINDS for name in getattr(profile, kind) if name not in offered(kind))


def ciphers_for(peer: str, ciphers: tuple[str, ...], profile: Profile) -> tuple[str, ...]:
    """The ciphers to offer to a peer with this identification string.

    The client's first choice counts (RFC 4253, 7.1), and OpenSSH before 10 names AES-CTR before AES-GCM, which costs
    half again as much processor time here. It has had GCM since 6.2 (2013): it is offered nothing else, except by
    ``compatible``, for its user may have switched GCM off.
    """
    chosen = peer.startswith('SSH-2.0-OpenSSH_') and profile is not PROFILES['compatible']
    return tuple(name for name in ciphers if name in GCM) if chosen else ciphers


LISTS: Mapping[str, tuple[Kind, str]] = {
    'kex_algo_list': ('kex', 'key exchange'),
    'server_key_algo_list': ('keys', 'host key'),
    'client_encrypt_algo_list': ('ciphers', 'cipher'),
    'server_encrypt_algo_list': ('ciphers', 'cipher'),
    'client_mac_algo_list': ('macs', 'MAC'),
    'server_mac_algo_list': ('macs', 'MAC'),
}
"""What paramiko calls the lists of a peer's first packet (RFC 4253, 7.1), with their kinds."""


def nothing_in_common(lists: Mapping[str, Sequence[str]], profile: Profile) -> str:
    """Which algorithm is missing between a peer's lists and a profile; empty if they have one of each. Pure."""
    for name, (kind, words) in LISTS.items():
        offers = lists.get(name, ())
        if not set(offers) & set(getattr(profile, kind)):
            wider = set(offers) & set(getattr(PROFILES['compatible'], kind))
            remedy = 'ssh.algorithms = "compatible" has one; ' if wider else ''
            return f'no common {words}: {remedy}the client has {", ".join(offers)}'
    return ''
