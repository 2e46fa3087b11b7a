"""What tells a receiver from all others, also on an engine that they share: a word that nobody can guess."""

import os
import secrets

from gitreceive.config.home import Home
from gitreceive.model.errors import StateError


def receiver_identity(home: Home) -> str:
    """The word, made at the first call and the same ever after. Raises StateError."""
    path = home.identity
    try:
        if path.exists() and (found := path.read_text().strip()):
            return found
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        made = path.with_suffix('.new')
        with open(os.open(made, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), 'w') as file:
            file.write(secrets.token_hex(16))
            file.flush()
            os.fsync(file.fileno())
        made.replace(path)
        return path.read_text()
    except OSError as error:
        raise StateError(f'cannot use {path}: {error.strerror}') from error
