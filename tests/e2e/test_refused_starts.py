"""A receiver that cannot work ends at once, says why, and listens nowhere until then. Needs no engine."""

import os
import socket
from pathlib import Path

import pytest

from tests.e2e.receiver import Receiver


def refused(tmp_path: Path, **environ: str) -> tuple[int, str]:
    """``serve``, which has to end by itself: its status and what it said."""
    receiver = Receiver(tmp_path, '', **environ)
    done = receiver.host('serve', timeout=30)
    assert 'Traceback' not in done.err
    assert '"event": "ready"' not in done.err, 'the SSH server was listening'
    with socket.socket(socket.AF_UNIX) as daemon:
        assert daemon.connect_ex(str(receiver.home.socket)) != 0, 'the daemon listens'
    return done.status, done.err


@pytest.mark.parametrize(
    ('environ', 'told'),
    [
        ({'GITRECEIVE_STORAGE_URL': 's4://x'}, "storage.url = 's4://x'"),
        ({'GITRECEIVE_STORAGE': 's4://x'}, "storage.url = 's4://x'"),
        ({'GITRECEIVE_STORAGE_URL': 'file:///tmp/a s4://x'}, "storage.url = 's4://x'"),
        ({'GITRECEIVE_STORAGE_URL': 'file:relative'}, 'an absolute path is expected'),
        ({'GITRECEIVE_STORAGE_SECRETS': '/nowhere/secrets.toml'}, 'storage.secrets /nowhere/secrets.toml'),
        ({'GITRECEIVE_BUILDS_BUILDPACKS': '/nowhere/pack'}, '/nowhere/pack'),
        ({'GITRECEIVE_BUILDS_PARALLEL': '9__0'}, 'builds.parallel'),
        ({'GITRECEIVE_ENGINE_URL': 'nonsense'}, 'engine.url'),
        ({'GITRECEIVE_SSH_USER': 'no-such-user'}, 'ssh.user'),
        ({'GITRECEIVE_SSH_ALGORITHMS': 'weak'}, 'ssh.algorithms'),
        ({'GITRECEIVE_SSH_LISEN': 'x'}, 'did you mean GITRECEIVE_SSH_LISTEN?'),
    ],
    ids=lambda value: '-'.join(value) if isinstance(value, dict) else '',
)
def test_a_bad_setting_is_refused_before_anything_listens(
    tmp_path: Path, environ: dict[str, str], told: str
) -> None:
    status, said = refused(tmp_path, **environ)
    assert status == 10, said
    assert told in said


def test_a_stack_that_there_is_not_is_refused_too(tmp_path: Path) -> None:
    status, said = refused(tmp_path, GITRECEIVE_APPS_STACK='cedar-99')
    assert status in (10, 15) and 'cedar-99' in said


@pytest.mark.parametrize('setting', ['GITRECEIVE_SSH_LISTEN', 'GITRECEIVE_REGISTRY_LISTEN'])
def test_a_taken_port_ends_serve_with_who_has_it(tmp_path: Path, setting: str) -> None:
    with socket.socket() as taken:
        taken.bind(('127.0.0.1', 0))
        taken.listen()
        address = f'127.0.0.1:{taken.getsockname()[1]}'
        status, said = refused(tmp_path, **{setting: address})
    assert status == 14
    assert f'cannot listen on {address}: process {os.getpid()} (' in said


def test_a_former_variable_is_told_once(tmp_path: Path) -> None:
    status, said = refused(tmp_path, GITRECEIVE_STORAGE='s4://x', GITRECEIVE_ALGORITHMS='strict')
    assert status == 10
    assert said.count('GITRECEIVE_STORAGE is now GITRECEIVE_STORAGE_URL') == 1
    assert said.count('GITRECEIVE_ALGORITHMS is now GITRECEIVE_SSH_ALGORITHMS') == 1
