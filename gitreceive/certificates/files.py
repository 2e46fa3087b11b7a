"""Files with keys in them: whole or not at all, and for their owner alone."""

import os
from pathlib import Path

from gitreceive.model.errors import CertificateError


def write_file(path: Path, text: str) -> None:
    """Writes it. Raises CertificateError."""
    new = path.with_name(f'{path.name}.new')
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), 'w') as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(new, path)
    except OSError as error:
        raise CertificateError(f'cannot write {path}: {error.strerror}') from error


def read_file(path: Path) -> str:
    """Its text; empty if it is not there. Raises CertificateError."""
    try:
        return path.read_text()
    except FileNotFoundError:
        return ''
    except (OSError, UnicodeDecodeError) as error:
        raise CertificateError(f'cannot read {path}: {error}') from error


def remove_file(path: Path) -> bool:
    """Whether it was there. Raises CertificateError."""
    try:
        path.unlink()
    except FileNotFoundError:
        return False
    except OSError as error:
        raise CertificateError(f'cannot remove {path}: {error.strerror}') from error
    return True
