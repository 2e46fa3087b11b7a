"""What is told when an engine cannot be used."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

NOBODY = 65534
ASK = "from gitreceive.adapters.docker.engine import Engine; import sys; Engine(f'unix://{sys.argv[1]}').connect()"


def last_words(address: Path, user: int | None = None) -> str:
    command = [sys.executable, '-c', ASK, str(address)]
    # Another user could not write the coverage of the process, and it would say so at its end.
    environ = {name: value for name, value in os.environ.items() if not name.startswith('COVERAGE_')}
    done = subprocess.run(command, capture_output=True, text=True, user=user, env=environ)
    return done.stderr.splitlines()[-1]


def test_an_engine_that_is_not_there_is_told_with_its_address(tmp_path: Path) -> None:
    said = last_words(tmp_path / 'none.sock')
    assert f'the Docker engine at unix://{tmp_path}/none.sock went away' in said
    assert 'is it running? ([Errno 2] No such file or directory)' in said


@pytest.mark.skipif(os.geteuid() != 0, reason='only root can be another user')
def test_who_may_not_use_the_engine_is_told_what_to_do(open_folder: Path) -> None:
    address = open_folder / 'engine.sock'
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(address))
        listener.listen()
        address.chmod(0o600)
        said = last_words(address, NOBODY)
    assert f'this user may not use the Docker engine at unix://{address}: join the group' in said
