"""Many at once: git sessions, followers of logs. Nobody else is kept from anything."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import paramiko
import pytest

from tests.e2e.receiver import Pusher, make_app
from tests.e2e.sshd.sshd_process import descendants, make_key
from tests.waiting import within

LENGTH = 4
"""Bytes of the first packet's length, which git sends when it serves a session."""

SLEEPS = b'FROM gitreceive/cedar:12-build\nRUN sleep 600\n'


@pytest.fixture(scope='module')
def bob(ann: Pusher, tmp_path_factory: pytest.TempPathFactory) -> Pusher:
    """Somebody else, with a key of their own."""
    key = make_key(tmp_path_factory.mktemp('bob') / 'bob')
    assert ann.receiver.host('keys', 'add', 'bob', f'{key}.pub').status == 0
    return Pusher(key, ann.receiver)


@contextmanager
def connections(who: Pusher, count: int) -> Iterator[list[paramiko.Transport]]:
    """So many connections of one key, logged in."""
    key = paramiko.Ed25519Key.from_private_key_file(str(who.key))
    with ExitStack() as stack:
        made = []
        for _ in range(count):
            transport = paramiko.Transport(('127.0.0.1', who.receiver.port))
            stack.callback(transport.close)
            transport.connect(username='git', pkey=key)
            made.append(transport)
        yield made


def sessions(transports: list[paramiko.Transport], each: int, command: str) -> list[paramiko.Channel]:
    """Starts a command so many times on each connection."""
    found = []
    for transport in transports:
        for _ in range(each):
            channel = transport.open_session(timeout=60)
            channel.settimeout(60)
            channel.exec_command(command)
            found.append(channel)
    return found


def test_400_git_sessions_at_once_are_served_and_others_too(ann: Pusher, bob: Pusher, tmp_path: Path) -> None:
    work = make_app(tmp_path / 'work')
    assert ann.push(work, 'crowd').status == bob.push(work, 'crowd-of-bob').status == 0
    sshd = ann.receiver.pid('sshd')
    with connections(ann, 20) as of_ann, connections(bob, 20) as of_bob:
        channels = sessions(of_ann, 10, "git-receive-pack '/crowd.git'")
        channels += sessions(of_bob, 10, "git-receive-pack '/crowd-of-bob.git'")
        assert [len(channel.recv(LENGTH)) for channel in channels] == [LENGTH] * 400
        assert len(descendants(sshd)) >= 400
        assert bob.push(make_app(tmp_path / 'other'), 'crowd-other').status == 0
        assert bob.ssh('apps').status == 0
        assert ann.git(work, 'ls-remote', ann.url('crowd')).status == 0
    assert within(60, lambda: not descendants(sshd)), len(descendants(sshd))


def test_followers_of_a_log_keep_nobody_from_pushing(ann: Pusher, bob: Pusher, tmp_path: Path) -> None:
    build = ann.start_push(make_app(tmp_path / 'slow', {'Dockerfile': SLEEPS}), 'followed')
    build.wait_for('sleep 600')
    with connections(ann, 27) as transports:
        channels = sessions(transports, 10, 'logs followed -f')
        follows, refused = [], []
        end = time.monotonic() + 20
        while channels and time.monotonic() < end:
            for channel in [each for each in channels if each.exit_status_ready() or each.recv_ready()]:
                channels.remove(channel)
                (refused if channel.exit_status_ready() else follows).append(channel)
            time.sleep(0.05)
        assert channels == []
        assert follows and refused
        assert b'no more are taken' in refused[0].makefile_stderr().read()
        assert bob.push(make_app(tmp_path / 'of-bob'), 'of-bob').status == 0
        assert bob.ssh('apps').status == 0
        assert ann.push(make_app(tmp_path / 'of-ann'), 'of-ann').status == 0
    assert ann.receiver.host('cancel', 'followed').status == 0
    assert build.end().status != 0
