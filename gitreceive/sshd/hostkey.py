"""The SSH server's host keys: made once, at the first start, and never replaced without the sysadmin's doing."""

import io
import os
import stat
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_ssh_private_key,
)
from paramiko import ECDSAKey, Ed25519Key, PKey, RSAKey

from gitreceive.model.errors import StateError

MAX_KEY_FILE = 20_000

PrivateKey = Ed25519PrivateKey | ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of key: its name in files, how one is generated, and its classes in both libraries."""

    name: str
    generate: Callable[[], PrivateKey]
    private: type[PrivateKey]
    ours: Callable[[io.StringIO], PKey]


ED25519 = Kind(
    name='ed25519',
    generate=Ed25519PrivateKey.generate,
    private=Ed25519PrivateKey,
    ours=lambda text: Ed25519Key(file_obj=text),
)
ECDSA = Kind(
    name='ecdsa',
    generate=lambda: ec.generate_private_key(ec.SECP256R1()),
    private=ec.EllipticCurvePrivateKey,
    ours=lambda text: ECDSAKey(file_obj=text),
)
RSA = Kind(
    name='rsa',
    generate=lambda: rsa.generate_private_key(public_exponent=65537, key_size=3072),
    private=rsa.RSAPrivateKey,
    ours=lambda text: RSAKey(file_obj=text),
)
KINDS: Mapping[str, Kind] = {
    'ssh-ed25519': ED25519,
    'ecdsa-sha2-nistp256': ECDSA,
    'rsa-sha2-512': RSA,
    'rsa-sha2-256': RSA,
}
"""By the names that host key algorithms have in a key exchange."""


def load_host_keys(path: Path, algorithms: Sequence[str]) -> Sequence[PKey]:
    """The keys that these algorithms need: ``path`` is the ed25519 key, the others lie beside it (``ssh_host_rsa_key``).

    Raises StateError as ``load_host_key`` does.
    """
    kinds = dict.fromkeys(KINDS[name] for name in algorithms)
    return [load_host_key(path.with_name(path.name.replace(ED25519.name, kind.name)), kind) for kind in kinds]


def load_host_key(path: Path, kind: Kind = ED25519) -> PKey:
    """The key at ``path``; made if neither it nor its public half is there.

    Raises StateError if others could read it, if it is not ours, or if it is of another kind.
    """
    try:
        if not path.exists() and not path.is_symlink():
            _make(path, kind)
        return _parsed(_read(path), path, kind)
    except OSError as error:
        raise StateError(f'cannot use the host key {path}: {error.strerror}') from error


def _read(path: Path) -> bytes:
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    with open(descriptor, 'rb') as file:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise StateError(f'the host key {path} is not a regular file')
        if found.st_uid != os.geteuid():
            raise StateError(
                f'the host key {path} belongs to user {found.st_uid}, the SSH server runs as {os.geteuid()}'
            )
        if found.st_mode & 0o077:
            mode = f'{stat.S_IMODE(found.st_mode):04o}'
            raise StateError(f'the host key {path} is open to others (mode {mode}); run "chmod 600 {path}"')
        return file.read(MAX_KEY_FILE)


def _parsed(data: bytes, path: Path, kind: Kind) -> PKey:
    remedy = (
        'restore it from a backup, or remove it and its .pub to let a new one be made (clients will complain)'
    )
    try:
        key = load_ssh_private_key(data, password=None)
    except (ValueError, TypeError) as error:
        raise StateError(
            f'the host key {path} cannot be read: it is broken or has a passphrase; {remedy}'
        ) from error
    if not isinstance(key, kind.private):
        raise StateError(f'the host key {path} is no {kind.name} key; {remedy}')
    return kind.ours(io.StringIO(_text(key)))


def _make(path: Path, kind: Kind) -> None:
    public = path.with_name(f'{path.name}.pub')
    if public.exists():
        raise StateError(
            f'the host key {path} is gone, but {public.name} beside it is not: restore the key from a backup, '
            f'or remove {public} to let a new one be made (clients will complain)'
        )
    if not path.parent.exists():
        path.parent.mkdir(parents=True)
        path.parent.chmod(0o700)
    key = kind.generate()
    _write(path, _text(key), 0o600)
    _write(
        public, key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode() + '\n', 0o644
    )


def _text(key: PrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()).decode()


def _write(path: Path, text: str, mode: int) -> None:
    fresh = path.with_name(f'.{path.name}.{os.getpid()}')
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    try:
        with open(descriptor, 'w') as file:
            os.fchmod(descriptor, mode)
            file.write(text)
            file.flush()
            os.fsync(descriptor)
        os.link(fresh, path)
    finally:
        fresh.unlink(missing_ok=True)
