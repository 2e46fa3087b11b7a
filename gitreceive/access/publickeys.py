"""Public keys as OpenSSH writes them: one line each, as in a ``.pub`` or an ``authorized_keys`` file.

Only keys whose signatures the SSH server can verify are taken. A refusal never repeats any of what was given: it may be a
private key in the wrong file.
"""

import base64
import binascii
from collections.abc import Iterator

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_ssh_public_key

from gitreceive.access.key import PublicKey
from gitreceive.model.errors import KeyRefused

ALGORITHMS = (
    'ssh-ed25519',
    'ecdsa-sha2-nistp256',
    'ecdsa-sha2-nistp384',
    'ecdsa-sha2-nistp521',
    'ssh-rsa',
)
RSA_BITS = range(2048, 16385)
MAX_FILE = 1_000_000
"""Bytes of a file of keys."""

_PRIVATE = (b'PRIVATE KEY-----', b'PuTTY-User-Key-File')
_CERTIFICATE = '-cert-v01@openssh.com'


def read_public_keys(data: bytes, place: str) -> tuple[PublicKey, ...]:
    """All keys of a file. ``place`` names it in messages.

    Raises KeyRefused, with the line's number, if there is none or one of them cannot be taken.
    """
    if len(data) > MAX_FILE:
        raise KeyRefused(f'{place} has over {MAX_FILE} bytes: that is no file of public keys')
    if any(mark in data for mark in _PRIVATE):
        raise KeyRefused(
            f'{place} holds a PRIVATE key: keep it to yourself and give the file that ends in .pub'
        )
    if b'BEGIN SSH2 PUBLIC KEY' in data:
        raise KeyRefused(
            f'{place} is in the RFC 4716 format; "ssh-keygen -i -f FILE" makes an OpenSSH line of it'
        )
    keys = tuple(_read_line(line, f'line {number} of {place}') for number, line in _lines(data, place))
    if not keys:
        raise KeyRefused(
            f'{place} holds no key; a public key is one line that begins with its type, e.g. ssh-ed25519'
        )
    return keys


def _lines(data: bytes, place: str) -> Iterator[tuple[int, str]]:
    try:
        text = data.decode('utf-8-sig')
    except UnicodeDecodeError as error:
        raise KeyRefused(f'{place} is not text; give the file that ends in .pub') from error
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip() and not line.lstrip().startswith('#'):
            yield number, line.strip()


def _read_line(line: str, place: str) -> PublicKey:
    words = line.split(None, 2)
    algorithm = words[0]
    if algorithm not in ALGORITHMS:
        raise KeyRefused(f'{place}: {_why_not(line, algorithm)}')
    try:
        blob = base64.b64decode(words[1], validate=True)
        key = load_ssh_public_key(f'{algorithm} {words[1]}'.encode())
        canonical = key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).split()[1]
    except (IndexError, binascii.Error, ValueError, UnsupportedAlgorithm) as error:
        raise KeyRefused(f'{place}: the key is cut off or damaged; copy the whole line') from error
    if base64.b64decode(canonical) != blob:
        raise KeyRefused(
            f'{place}: the key is not encoded as OpenSSH does it; rewrite it with "ssh-keygen -y"'
        )
    if isinstance(key, RSAPublicKey) and key.key_size not in RSA_BITS:
        raise KeyRefused(
            f'{place}: an RSA key of {key.key_size} bits; 2048 to 16384 are taken, ed25519 is better'
        )
    return PublicKey(algorithm=algorithm, blob=blob)


def _why_not(line: str, algorithm: str) -> str:
    known = ', '.join(ALGORITHMS)
    if algorithm.endswith(_CERTIFICATE):
        return 'certificates are not taken; give the plain public key (the .pub file without "-cert")'
    if algorithm.startswith('sk-'):
        return 'keys on a FIDO token cannot be verified here yet; make one with "ssh-keygen -t ed25519"'
    if algorithm == 'ssh-dss':
        return 'DSA keys are broken and not taken; make one with "ssh-keygen -t ed25519"'
    if set(line.split()) & set(ALGORITHMS):
        return 'options in front of a key are not taken; remove them (--app says which apps it may reach)'
    return f'not an OpenSSH public key; a line begins with one of {known}'
