"""One receiver on a home; who comes second is told who was first."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gitreceive.config.home import Home
from gitreceive.config.lock import home_lock
from gitreceive.model.errors import HomeInUse, StateError

HOLD = """
import sys, time
from pathlib import Path
from gitreceive.config.home import Home
from gitreceive.config.lock import home_lock
with home_lock(Home(Path(sys.argv[1]))):
    print('held', flush=True)
    time.sleep(60)
"""


def held(home: Path) -> subprocess.Popen[bytes]:
    process = subprocess.Popen([sys.executable, '-c', HOLD, str(home)], stdout=subprocess.PIPE)
    assert process.stdout and process.stdout.readline() == b'held\n'
    return process


def test_the_second_is_told_who_holds_the_home_and_since_when(tmp_path: Path) -> None:
    with held(tmp_path) as holder:
        try:
            begun = time.strftime('%Y-%m-%d')
            with pytest.raises(HomeInUse) as caught, home_lock(Home(tmp_path), grace=0.1):
                pass
            told = str(caught.value)
            assert told.startswith(f'{tmp_path} is in use by process {holder.pid} since {begun[:7]}')
            assert told.endswith('stop that one first, or name another home with --home')
            assert caught.value.exit_code == 13
        finally:
            holder.kill()


def test_a_lock_ends_with_its_process_however_that_ends(tmp_path: Path) -> None:
    with held(tmp_path) as holder:
        os.kill(holder.pid, signal.SIGKILL)
        with home_lock(Home(tmp_path)):
            assert Home(tmp_path).lock.read_text().startswith(f'{os.getpid()} ')
    with home_lock(Home(tmp_path), grace=0):
        pass


def test_one_that_is_about_to_end_is_waited_for(tmp_path: Path) -> None:
    with held(tmp_path) as holder:
        subprocess.Popen(['sh', '-c', f'sleep 0.3; kill {holder.pid}']).wait()
        with home_lock(Home(tmp_path)):
            pass


@pytest.mark.parametrize('content', [b'', b'\xff\xfe', b'nonsense since ever', b'7' * 1000])
def test_a_damaged_lock_file_is_no_traceback(tmp_path: Path, content: bytes) -> None:
    home = Home(tmp_path)
    with home_lock(home):
        home.lock.write_bytes(content)
        with pytest.raises(HomeInUse), home_lock(home, grace=0):
            pass


def test_a_home_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / 'home').write_text('a file')
    with pytest.raises(StateError, match='cannot lock'), home_lock(Home(tmp_path / 'home')):
        pass
