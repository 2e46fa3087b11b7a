"""What tests of the SSH server ask for by name."""

import subprocess
from pathlib import Path

import pytest


@pytest.fixture(scope='session')
def key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A private key file, with its public key beside it."""
    path = tmp_path_factory.mktemp('key') / 'ann'
    subprocess.run(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', path], check=True)
    return path
