"""What fetches packages ends where a host does not answer, and the host is named."""

import socket
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from gitreceive.config.resources import directory

FETCHING = directory('buildpacks') / 'shared' / 'fetching'
CONNECT = 'import socket, sys; socket.create_connection(("127.0.0.1", int(sys.argv[1])))'
CHILD = 'import subprocess, sys; sys.exit(subprocess.run([sys.executable, "-c", *sys.argv[1:]], timeout=5).returncode)'


def fetching(*words: str, cwd: str = '/', **env: str) -> subprocess.CompletedProcess[str]:
    given = {'PATH': '/usr/bin:/bin', **env}
    return subprocess.run(
        [str(FETCHING), *words], env=given, cwd=cwd, capture_output=True, text=True, timeout=60
    )


def python(text: str, *words: object) -> list[str]:
    return [sys.executable, '-c', text, *map(str, words)]


def test_a_host_that_does_not_answer_ends_the_command_and_is_named(silent: int) -> None:
    done = fetching(
        '--within', '1', *python(CONNECT, silent), FETCHING_FROM=f'http://u:p@localhost:{silent}/simple'
    )
    assert (done.returncode, done.stderr) == (1, f'no connection to localhost:{silent} within 1 seconds\n')


def test_a_host_that_nothing_names_is_told_by_its_address(silent: int) -> None:
    done = fetching('--within', '1', *python(CONNECT, silent))
    assert done.stderr == f'no connection to 127.0.0.1:{silent} within 1 seconds\n'


def test_the_files_of_the_directory_name_it(silent: int, tmp_path: Path) -> None:
    (tmp_path / 'a.lock').write_bytes(b'\xff remote: http://no-such-host.invalid/ http://localhost:1/x.tgz')
    done = fetching('--within', '1', *python(CONNECT, silent), cwd=str(tmp_path))
    assert done.stderr == f'no connection to localhost:{silent} within 1 seconds\n'


def test_what_scripts_of_packages_connect_to_is_their_own_affair(silent: int) -> None:
    words = python(CHILD, CONNECT, silent)
    done = fetching('--within', '1', *words)
    assert 'TimeoutExpired' in done.stderr
    assert 'no connection' not in done.stderr
    done = fetching('--children', '--within', '1', *words)
    assert done.stderr == f'no connection to 127.0.0.1:{silent} within 1 seconds\n'


def test_a_host_that_took_the_connection_may_be_slow() -> None:
    waits = CONNECT + '.settimeout(3)\nimport time; time.sleep(3)\nprint("went on")'
    with closing(socket.create_server(('127.0.0.1', 0))) as server:
        done = fetching('--within', '1', *python(waits, server.getsockname()[1]))
    assert (done.returncode, done.stdout) == (0, 'went on\n')


@pytest.mark.parametrize(
    ('text', 'status'), [('', 0), ('import sys; sys.exit(3)', 3), ('import os; os.kill(os.getpid(), 9)', 137)]
)
def test_the_status_is_the_commands_own(text: str, status: int) -> None:
    assert fetching(*python(text)).returncode == status
