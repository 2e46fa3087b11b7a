"""The SSH server in this process, with a daemon of the test's own and the real clients."""

import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import paramiko
import pytest

from gitreceive.access.book import AccessBook
from gitreceive.config.home import Home
from gitreceive.grammar.wire import End
from gitreceive.sshd.limits import ServerLimits
from gitreceive.sshd.server import SshServer
from tests.e2e.sshd.scripted import ScriptedDaemon, scripted_daemon
from tests.unit.sshd.receive_pack import WHO
from tests.unit.sshd.serving import serving

MAIN = 'refs/heads/main'


@dataclass(frozen=True, slots=True)
class Ann:
    """Somebody with a registered key."""

    server: SshServer
    key: Path
    work: Path

    def client(self, key: Path | None = None) -> paramiko.SSHClient:
        client = paramiko.SSHClient()
        client.set_missing_host_key_policy(paramiko.AutoAddPolicy())
        host, port = self.server.address
        client.connect(
            host, port, 'git', key_filename=str(key or self.key), allow_agent=False, look_for_keys=False
        )
        return client

    def ssh(self, *words: str, given: bytes = b'', terminal: bool = False) -> tuple[int, str, str]:
        """A command's exit status, output and error output."""
        with self.client() as client:
            stdin, out, err = client.exec_command(' '.join(words), timeout=20, get_pty=terminal)
            with suppress(OSError):  # the answer may have ended before
                stdin.write(given)
                stdin.channel.shutdown_write()
            told = out.read().decode(), err.read().decode()
            return out.channel.recv_exit_status(), *told

    def git(self, *words: str) -> subprocess.CompletedProcess[str]:
        """git with the real ssh."""
        ssh = f'ssh -F none -i {self.key} -o IdentitiesOnly=yes -o IdentityAgent=none -o LogLevel=ERROR'
        ssh += ' -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null'
        environ = {**WHO, 'GIT_SSH_COMMAND': ssh}
        return subprocess.run(
            ['git', '-C', str(self.work), *words], env=environ, capture_output=True, text=True
        )

    @property
    def url(self) -> str:
        host, port = self.server.address
        return f'ssh://git@{host}:{port}/hello.git'


@pytest.fixture
def server(tmp_path: Path, key: Path) -> Iterator[SshServer]:
    with serving(tmp_path, key, ServerLimits(idle_seconds=30)) as made:
        yield made.server


@pytest.fixture
def daemon(server: SshServer) -> Iterator[ScriptedDaemon]:
    with scripted_daemon(Home(server.service.settings.home).socket) as daemon:
        daemon.answers['announce'] = ('', End(0, MAIN))
        yield daemon


@pytest.fixture
def ann(server: SshServer, key: Path, tmp_path: Path) -> Ann:
    work = tmp_path / 'work'
    subprocess.run(['git', 'init', '-q', '-b', 'main', work], env=WHO, check=True)
    made = Ann(server, key, work)
    made.git('commit', '-q', '--allow-empty', '-m', 'one')
    return made


def test_help_and_a_greeting_are_given_without_a_daemon(ann: Ann) -> None:
    status, out, _ = ann.ssh('help')
    assert (status, 'git push' in out) == (0, True)
    assert '\r\n' in ann.ssh('help', terminal=True)[1]
    with ann.client() as client:
        channel = client.get_transport().open_session()  # type: ignore[union-attr]
        channel.invoke_shell()
        assert b'Hello ann' in channel.recv(1000)
        assert channel.recv_exit_status() == 1
    status, _, err = ann.ssh('builds')
    assert (status, 'does not answer' in err) == (1, True)


def test_verbs_go_to_the_daemon_with_the_key_and_come_back(ann: Ann, daemon: ScriptedDaemon) -> None:
    daemon.answers['verb'] = ('two\nlines\n', End(3))
    assert ann.ssh('builds', 'hello') == (3, 'two\nlines\n', '')
    assert ann.ssh('builds', 'hello', terminal=True)[1] == 'two\r\nlines\r\n'
    [name, fingerprint, *words] = daemon.asked[0]
    assert (name, words) == ('verb', ['builds', 'hello'])
    assert fingerprint.startswith('SHA256:')
    assert ann.ssh('nonsense')[0] == 1


def test_input_of_a_verb_reaches_the_daemon(ann: Ann, daemon: ScriptedDaemon) -> None:
    daemon.answers['verb'] = ('set\n', End(0))
    assert ann.ssh('config', 'hello', 'NAME', '-', given=b'value') == (0, 'set\n', '')


def test_a_push_is_told_by_the_verdict_of_the_daemon(ann: Ann, daemon: ScriptedDaemon) -> None:
    daemon.answers['push'] = ('-----> Building\n', End(1, 'build 7 failed: no'))
    failed = ann.git('push', '--porcelain', ann.url, 'main')
    assert failed.returncode == 1
    assert f'!\t{MAIN}:{MAIN}\t[remote rejected] (build 7 failed: no)' in failed.stdout
    assert 'remote: -----> Building' in failed.stderr
    announced, pushed = daemon.of('announce')[0], daemon.of('push')[0]
    assert announced[1] == pushed[1] == 'hello'
    assert announced[3] == pushed[3] != ''
    assert announced[6:] == pushed[6:]
    daemon.answers['inflight'] = ('following\n', End(2, 'failed'))
    again = ann.git('push', ann.url, 'main')
    assert (again.returncode, 'following' in again.stderr) == (1, True)
    fetched = ann.git('fetch', ann.url, 'main')
    assert fetched.returncode == 0, fetched.stderr


def test_a_refusal_of_the_daemon_stands_behind_the_ref(ann: Ann, daemon: ScriptedDaemon) -> None:
    daemon.answers['announce'] = ('', End(1, 'the disk is full'))
    refused = ann.git('push', '--porcelain', ann.url, 'main')
    assert f'!\t{MAIN}:{MAIN}\t[remote rejected] (the disk is full)' in refused.stdout
    assert list(Home(ann.server.service.settings.home).repos.iterdir()) == []


def test_what_the_key_may_not_reach_and_what_is_not_there_look_the_same(ann: Ann) -> None:
    status, _, err = ann.ssh("git-upload-pack '/hello.git'")
    assert (status, 'no app hello that this key may reach' in err) == (1, True)
    other = ann.ssh("git-receive-pack '/other.git'")
    assert (other[0], 'no app other that this key may reach' in other[2]) == (1, True)


def test_an_unknown_key_does_not_log_in(ann: Ann, tmp_path: Path) -> None:
    unknown = tmp_path / 'unknown'
    subprocess.run(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', unknown], check=True)
    with pytest.raises(paramiko.AuthenticationException):
        ann.client(unknown)


def test_a_key_that_is_taken_away_opens_nothing_more(ann: Ann) -> None:
    with ann.client() as client:
        AccessBook(Home(ann.server.service.settings.home).access_db).remove('ann')
        _, out, err = client.exec_command('help', timeout=20)
        assert out.channel.recv_exit_status() == 1
        assert b'this key was taken away' in err.read()


def test_more_sessions_than_a_connection_may_have_are_refused(ann: Ann) -> None:
    with ann.client() as client:
        transport = client.get_transport()
        assert transport
        channels = [transport.open_session() for _ in range(10)]
        with pytest.raises(paramiko.ChannelException):
            transport.open_session()
        with pytest.raises(paramiko.ChannelException):
            transport.open_channel('direct-tcpip', ('127.0.0.1', 22), ('127.0.0.1', 1))
        assert len(channels) == 10


def test_one_command_is_served_on_a_channel(ann: Ann) -> None:
    with ann.client() as client:
        channel = client.get_transport().open_session()  # type: ignore[union-attr]
        channel.set_environment_variable('LANG', 'de_DE.UTF-8')
        channel.exec_command('help')
        with pytest.raises(paramiko.SSHException):
            channel.exec_command('help')


def test_one_connection_too_many_of_a_key_is_told_why(ann: Ann, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ann.server._places, 'take', lambda subject: 'this key has 400 connections under way')
    with ann.client() as client:
        _, out, err = client.exec_command('help', timeout=20)
        assert (out.channel.recv_exit_status(), b'400 connections' in err.read()) == (1, True)


def test_the_log_has_one_line_for_each_connection(ann: Ann, tmp_path: Path) -> None:
    ann.ssh('help')
    ann.server.stop()
    for _ in range(200):
        if b'"stopped"' in (tmp_path / 'log').read_bytes():
            break
        threading.Event().wait(0.05)
    events = [
        line.split(b'"event": "')[1].split(b'"')[0] for line in (tmp_path / 'log').read_bytes().splitlines()
    ]
    assert events == [b'ready', b'connection', b'stopped']
    assert os.path.getsize(tmp_path / 'log') < 2000
