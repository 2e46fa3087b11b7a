"""Locks tell who is alive, and end with their process, also when that is killed."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from gitreceive.local.home import LocalHome
from gitreceive.model.errors import StateError

OWNER = """
import sys
from pathlib import Path
from gitreceive.local.home import LocalHome
with LocalHome(Path(sys.argv[1])).owner() as name:
    print(name, flush=True)
    sys.stdin.read()
"""


def test_a_machine_keeps_its_name(tmp_path: Path) -> None:
    home = LocalHome(tmp_path / 'state' / 'local')
    assert home.name() == LocalHome(tmp_path / 'state' / 'local').name()
    assert home.name() != LocalHome(tmp_path / 'other').name()
    assert (home.root.stat().st_mode & 0o777) == 0o700


def test_a_name_that_was_not_written_whole_is_made_again(tmp_path: Path) -> None:
    home = LocalHome(tmp_path)
    (tmp_path / 'name').write_text('local-12')
    assert home.name() == home.name() != 'local-12'


def test_an_owner_is_alive_while_it_runs_and_leaves_nothing(tmp_path: Path) -> None:
    home = LocalHome(tmp_path)
    with home.owner() as name:
        assert home.alive(name)
    assert not home.alive(name)
    assert os.listdir(tmp_path) == []


def test_an_owner_that_is_killed_is_not_alive(tmp_path: Path) -> None:
    home = LocalHome(tmp_path)
    command = [sys.executable, '-c', OWNER, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        name = process.stdout.readline().strip()
        assert home.alive(name)
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert (tmp_path / name).exists()
    assert not home.alive(name)
    assert os.listdir(tmp_path) == []


def test_who_waits_for_a_lock_can_be_called_off(tmp_path: Path) -> None:
    home = LocalHome(tmp_path)

    def call_off() -> None:
        raise InterruptedError

    with home.locked('app.lock'):
        with pytest.raises(InterruptedError), home.locked('app.lock', call_off):
            pass
    with home.locked('app.lock', call_off):
        pass


def test_a_place_that_cannot_be_written_is_named_with_a_way_out(tmp_path: Path) -> None:
    (tmp_path / 'file').touch()
    with pytest.raises(StateError, match=r'file/local/name.lock: Not a directory; .* --home DIR'):
        LocalHome(tmp_path / 'file' / 'local').name()
