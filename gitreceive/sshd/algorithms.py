"""Which algorithms the door offers: an allow-list, held against what paramiko would offer by itself.

``default`` keeps one exchange without post-quantum protection for OpenSSH before 9.9, PuTTY, libssh2 and Go's
clients; ``strict`` does not. paramiko takes deny-lists only: they are computed, so that an algorithm that a newer
paramiko adds is off until it is named here.
"""

from dataclasses import dataclass
from typing import Literal, get_args

from paramiko import Transport

Kind = Literal['kex', 'ciphers', 'macs', 'keys', 'pubkeys']
KINDS: tuple[Kind, ...] = get_args(Kind)

POST_QUANTUM = 'mlkem768x25519-sha256'
CLASSIC = 'curve25519-sha256@libssh.org'
GCM = ('aes128-gcm@openssh.com', 'aes256-gcm@openssh.com')


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
    'default': Profile(kex=(POST_QUANTUM, CLASSIC), ciphers=(*GCM, 'aes128-ctr', 'aes192-ctr', 'aes256-ctr')),
    'strict': Profile(kex=(POST_QUANTUM,), ciphers=GCM),
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


def ciphers_for(peer: str, ciphers: tuple[str, ...]) -> tuple[str, ...]:
    """The ciphers to offer to a peer with this identification string.

    The client's first choice counts (RFC 4253, 7.1), and OpenSSH before 10 names AES-CTR before AES-GCM, which costs
    half again as much processor time here. It has had GCM since 6.2 (2013): it is offered nothing else.
    """
    return tuple(name for name in ciphers if name in GCM) if peer.startswith('SSH-2.0-OpenSSH_') else ciphers
