"""The door's host key: made once, at the first start, and never replaced without the sysadmin's doing."""

import io
import os
import stat
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_ssh_private_key,
)
from paramiko import Ed25519Key

from gitreceive.model.errors import StateError

MAX_KEY_FILE = 20_000


def load_host_key(path: Path) -> Ed25519Key:
    """The key at ``path``; made if neither it nor its public half is there.

    Raises StateError if others could read it, if it is not ours, or if it is anything but an ed25519 key.
    """
    try:
        if not path.exists() and not path.is_symlink():
            _make(path)
        return _parsed(_read(path), path)
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
                f'the host key {path} belongs to user {found.st_uid}, the door runs as {os.geteuid()}'
            )
        if found.st_mode & 0o077:
            mode = f'{stat.S_IMODE(found.st_mode):04o}'
            raise StateError(f'the host key {path} is open to others (mode {mode}); run "chmod 600 {path}"')
        return file.read(MAX_KEY_FILE)


def _parsed(data: bytes, path: Path) -> Ed25519Key:
    remedy = (
        'restore it from a backup, or remove it and its .pub to let a new one be made (clients will complain)'
    )
    try:
        key = load_ssh_private_key(data, password=None)
    except (ValueError, TypeError) as error:
        raise StateError(
            f'the host key {path} cannot be read: it is broken or has a passphrase; {remedy}'
        ) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise StateError(f'the host key {path} is not an ed25519 key; {remedy}')
    return Ed25519Key(file_obj=io.StringIO(_text(key)))


def _make(path: Path) -> None:
    public = path.with_name(f'{path.name}.pub')
    if public.exists():
        raise StateError(
            f'the host key {path} is gone, but {public.name} beside it is not: restore the key from a backup, '
            f'or remove {public} to let a new one be made (clients will complain)'
        )
    if not path.parent.exists():
        path.parent.mkdir(parents=True)
        path.parent.chmod(0o700)
    key = Ed25519PrivateKey.generate()
    _write(path, _text(key), 0o600)
    _write(
        public, key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode() + '\n', 0o644
    )


def _text(key: Ed25519PrivateKey) -> str:
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
