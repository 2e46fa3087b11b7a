"""The two processes: what each can reach, what they cost, and how they start again."""

import json
import os
import pwd
import subprocess
import sys
import venv
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.receiver import Pusher, Receiver, change, copy_app, git, make_app
from tests.e2e.sshd.sshd_process import alive, descendants
from tests.memory import memory
from tests.waiting import within

EXAMPLES = Path(__file__).parents[2] / 'examples'


def as_nobody(python: str, program: str, *words: str) -> subprocess.CompletedProcess[str]:
    account = pwd.getpwnam('nobody')
    return subprocess.run(
        [python, '-I', '-c', program, *words],
        user=account.pw_uid,
        group=account.pw_gid,
        extra_groups=[],
        cwd='/',
        capture_output=True,
        text=True,
    )


CONNECT = 'import socket, sys; socket.socket(socket.AF_UNIX).connect(sys.argv[1])'
READ = (
    'import pathlib, sys; p = pathlib.Path(sys.argv[1]); list(p.iterdir()) if p.is_dir() else p.read_bytes()'
)


@pytest.mark.skipif(os.geteuid() != 0, reason='only root can give the SSH server another user')
def test_the_ssh_servers_user_reaches_neither_the_docker_socket_nor_anything_secret(
    receivers: Callable[..., Pusher], open_folder: Path, open_python: str, tmp_path: Path, docker_host: str
) -> None:
    secrets = {'AWS_SECRET_ACCESS_KEY': 'canary', 'HEROKU_API_KEY': 'canary', 'SLUGS_TOKEN': 'canary'}
    ann = receivers(
        open_folder, python=open_python, GITRECEIVE_SSH_USER='nobody', GITRECEIVE_STORAGE_URL='', **secrets
    )
    receiver = ann.receiver
    receiver.start()
    work = make_app(tmp_path / 'work')
    assert ann.push(work, 'app').status == 0
    change(work, {'file': b'2'})
    assert ann.push(work, 'app').json['release'] == 2
    change(work, {'Procfile': b'nonsense'})
    assert ann.push(work, 'app').status == 1
    assert receiver.ref('app') == receiver.releases('app')[-1].commit
    account, sshd = pwd.getpwnam('nobody'), receiver.pid('sshd')
    status = Path(f'/proc/{sshd}/status').read_text()
    assert f'Uid:\t{account.pw_uid}\t{account.pw_uid}\t{account.pw_uid}\t{account.pw_uid}' in status
    assert f'Gid:\t{account.pw_gid}\t' in status
    assert f'Groups:\t{" "}\n' in status or 'Groups:\t\n' in status
    assert as_nobody(open_python, READ, str(receiver.home.host_key)).returncode == 0
    for secret in (
        receiver.home.journal_db,
        receiver.home.journal_db.parent,
        receiver.home.log(1),
        receiver.home.root / 'slugs',
        receiver.slug(receiver.releases('app')[0]),
    ):
        refused = as_nobody(open_python, READ, str(secret))
        assert 'PermissionError' in refused.stderr, (secret, refused)
    refused = as_nobody(open_python, CONNECT, docker_host.removeprefix('unix://'))
    assert 'PermissionError' in refused.stderr, refused
    environ = Path(f'/proc/{sshd}/environ').read_bytes()
    assert b'canary' not in environ
    names = {field.partition(b'=')[0] for field in environ.split(b'\0')}
    assert names.isdisjoint({b'DOCKER_HOST', b'GITRECEIVE_ENGINE_URL', b'GITRECEIVE_STORAGE_URL'})
    refused = as_nobody(open_python, 'import sys; open(sys.argv[1], "ab")', str(receiver.home.access_db))
    assert 'PermissionError' in refused.stderr, refused


@pytest.mark.skipif(os.geteuid() != 0, reason='only root can give the SSH server another user')
def test_an_ssh_server_whose_user_cannot_run_it_is_refused_at_the_start(
    receivers: Callable[..., Pusher], open_folder: Path, tmp_path: Path
) -> None:
    venv.create(tmp_path / 'private', symlinks=True)
    (tmp_path / 'private').chmod(0o700)
    python = tmp_path / 'private' / 'bin' / 'python'
    paths = [str(Path(__file__).parents[2]), *filter(None, map(str, sys.path[1:]))]
    receiver = Receiver(
        open_folder, '', python=str(python), PYTHONPATH=':'.join(paths), GITRECEIVE_SSH_USER='nobody'
    )
    done = receiver.host('serve')
    assert done.status == 10
    assert "ssh.user = 'nobody': this user cannot run the receiver" in done.err
    assert str(python) in done.err and 'Permission denied' in done.err and '/opt' in done.err
    assert 'Traceback' not in done.err


def test_a_restarted_receiver_takes_pushes(ann: Pusher, receiver: Receiver, tmp_path: Path) -> None:
    work = make_app(tmp_path / 'work')
    assert ann.push(work, 'restarted').status == 0
    receiver.running['serve'].terminate()
    assert receiver.running['serve'].wait(20) == 0
    receiver.start()
    change(work, {'file': b'2'})
    assert ann.push(work, 'restarted').json['release'] == 2


FORMER = {
    'daemon/chunk-cache': 'daemon/shelf',
    'daemon/remotes': 'daemon/far',
    'sshd': 'door',
    'daemon': 'builder',
}


def test_a_home_with_the_names_of_before_goes_on(receivers: Callable[..., Pusher], tmp_path: Path) -> None:
    ann = receivers(tmp_path / 'former')
    receiver, work = ann.receiver, make_app(tmp_path / 'work')
    receiver.start()
    assert ann.push(work, 'app').json['release'] == 1
    receiver.running['serve'].terminate()
    assert receiver.running['serve'].wait(20) == 0
    for today, former in FORMER.items():
        if (receiver.home.root / today).exists():
            (receiver.home.root / today).rename(receiver.home.root / former)
    receiver.start()
    change(work, {'file': b'2'})
    pushed = ann.push(work, 'app')
    assert pushed.json['release'] == 2, 'the same host key, the same journal'
    assert not [name for name in FORMER.values() if (receiver.home.root / name).exists()]


def test_nothing_outlives_a_killed_supervisor(ann: Pusher, receiver: Receiver, tmp_path: Path) -> None:
    below = descendants(receiver.running['serve'].pid)
    assert len(below) >= 2
    receiver.running['serve'].kill()
    receiver.running['serve'].wait()
    assert within(30, lambda: not any(map(alive, below)))
    receiver.start()
    assert ann.push(make_app(tmp_path / 'work'), 'after-supervisor').status == 0


def test_a_second_receiver_on_the_same_home_is_refused(ann: Pusher, receiver: Receiver) -> None:
    for command in ('daemon', 'serve'):
        second = receiver.host(command)
        assert second.status == 13
        assert f'in use by process {receiver.pid("daemon")} since ' in second.err
    assert receiver.answers()


@pytest.mark.skipif(os.geteuid() != 0, reason='only root can give the SSH server another user')
def test_the_ssh_servers_user_can_be_taken_back(
    receivers: Callable[..., Pusher], open_folder: Path, open_python: str, tmp_path: Path
) -> None:
    ann = receivers(open_folder, python=open_python, GITRECEIVE_SSH_USER='nobody')
    receiver, work = ann.receiver, make_app(tmp_path / 'work')
    for number, user in enumerate(('nobody', '', 'nobody')):
        receiver.start(GITRECEIVE_SSH_USER=user)
        change(work, {'file': str(number).encode()})
        pushed = ann.push(work, 'app')
        assert pushed.status == 0, (user, pushed.err)
        receiver.running['serve'].terminate()
        assert receiver.running['serve'].wait(20) == 0


def test_a_push_of_300_megabytes_takes_a_part_of_that_in_memory(
    receivers: Callable[..., Pusher], tmp_path: Path
) -> None:
    bea = receivers(tmp_path / 'bea')
    receiver = bea.receiver
    receiver.start()
    work = make_app(tmp_path / 'work')
    assert bea.push(work, 'app').status == 0
    sshd, daemon = receiver.pid('sshd'), receiver.pid('daemon')
    idle = {pid: memory(pid, 'VmRSS') for pid in (sshd, daemon)}
    assert all(taken < 150_000_000 for taken in idle.values()), 'twice the figure that the bench has'
    git(work, 'config', 'core.compression', '0')
    change(work, {f'blob-{number}': os.urandom(10_000_000) for number in range(30)})
    pushed = bea.push(work, 'app', timeout=300)
    assert pushed.status == 0, pushed.err
    assert receiver.releases('app')[-1].slug.size > 300_000_000
    assert (receiver.pid('sshd'), receiver.pid('daemon')) == (sshd, daemon)
    assert all(memory(pid, 'VmHWM') - idle[pid] < 150_000_000 for pid in idle)


@pytest.mark.alone
@pytest.mark.parametrize('example', [pytest.param('node-hello', marks=pytest.mark.slow), 'python-hello'])
def test_an_example_gives_the_same_slug_with_an_emptied_cache(
    ann: Pusher, receiver: Receiver, tmp_path: Path, example: str
) -> None:
    work = copy_app(EXAMPLES / example, tmp_path / 'work')
    pushed = ann.push(work, example, timeout=600)
    assert pushed.status == 0, pushed.err
    rebuilt = ann.ssh('rebuild', example, '--nocache', timeout=600)
    assert rebuilt.status == 0, rebuilt.out
    first, second = receiver.releases(example)
    assert first.slug.sha256 == second.slug.sha256
    assert first.versions == second.versions
    assert json.loads(rebuilt.out.splitlines()[-1])['slug'] == pushed.json['slug']
