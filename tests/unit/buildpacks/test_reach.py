"""A registry that does not answer ends a step within seconds, and is named."""

import socket
import subprocess
from collections.abc import Mapping
from contextlib import closing

from gitreceive.config.resources import directory

REACH = directory('buildpacks') / 'shared' / 'reach'


def reach(url: str, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    words = [str(REACH), url, '1']
    given = {'PATH': '/usr/bin:/bin', **(env or {})}
    return subprocess.run(words, env=given, capture_output=True, text=True, timeout=30)


def test_a_host_that_does_not_answer_is_named(silent: int) -> None:
    done = reach(f'http://user:secret@127.0.0.1:{silent}/simple/')
    assert (done.returncode, done.stderr) == (1, f'no connection to 127.0.0.1:{silent} within 1 seconds\n')


def test_what_clients_say_themselves_is_left_to_them(silent: int) -> None:
    with closing(socket.socket()) as free:
        free.bind(('127.0.0.1', 0))
        refused = free.getsockname()[1]
    for url in (
        f'http://127.0.0.1:{refused}/',
        'https://no-such-host.invalid/',
        '',
        'file:///packages',
        'undefined',
    ):
        assert (reach(url).returncode, reach(url).stderr) == (0, ''), url
    assert reach(f'http://127.0.0.1:{silent}/', {'https_proxy': 'http://proxy:3128'}).returncode == 0


def test_a_host_that_answers_is_gone_on_with() -> None:
    with socket.create_server(('127.0.0.1', 0)) as server:
        assert reach(f'http://127.0.0.1:{server.getsockname()[1]}').returncode == 0
