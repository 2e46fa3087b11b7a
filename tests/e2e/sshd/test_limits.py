"""Nobody takes the SSH server from others: not by connections, not by sessions, whether they have logged in or not."""

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import paramiko
import pytest

from gitreceive.config.home import Home
from gitreceive.config.settings import KeySettings
from tests.e2e.sshd.attacker import Peer, connect
from tests.e2e.sshd.scripted import scripted_daemon
from tests.e2e.sshd.sshd_process import Client, RunningServer, commit
from tests.waiting import wait_until

HALF_OPEN = 8


@pytest.fixture
def crowd(server: RunningServer, people: dict[str, Path]):
    """Makes so many connections of alice's."""
    with ExitStack() as stack:

        def make(count: int) -> list[Peer]:
            return [one() for _ in range(count)]

        def one() -> Peer:
            peer = stack.enter_context(Peer(server))
            peer.log_in(people['alice'])
            return peer

        yield make


def ten_sessions_each(peers: Sequence[Peer], command: str) -> list[paramiko.Channel]:
    """Sessions that run a command; nobody has read of them."""
    channels = []
    for peer in peers:
        for _ in range(10):
            channel = peer.transport.open_session(timeout=60)
            channel.settimeout(60)
            channel.exec_command(command)
            channels.append(channel)
    return channels


def test_four_hundred_sessions_of_one_key_work_at_once_and_one_more_is_told_why_not(
    alice: Client, bob: Client, server: RunningServer, crowd, work: Path
) -> None:
    assert alice.push(work, 'hello').status == 0
    channels = ten_sessions_each(crowd(40), "git-receive-pack '/hello.git'")
    assert len(channels) == KeySettings().sessions
    assert all(channel.recv(4) for channel in channels)
    assert server.descriptors() > 1024
    refused = alice.push(work, 'other')
    assert refused.status != 0
    assert 'this key has 400 sessions of git under way' in refused.err
    commit(work)
    others = bob.push(work, 'only')
    assert others.status == 0, others.err
    for channel in channels:
        channel.close()
    wait_until(lambda: not server.children(), 60, 'git to end')
    assert alice.push(work, 'hello').status == 0


def test_who_follows_logs_takes_no_place_from_who_pushes(
    alice: Client, bob: Client, server: RunningServer, crowd, work: Path
) -> None:
    with scripted_daemon(Home(server.home).socket) as daemon:
        daemon.endless.add('verb')
        channels = ten_sessions_each(crowd(27), 'logs hello -f')
        most = KeySettings().commands
        wait_until(lambda: len(daemon.of('verb')) == most, 60, 'the daemon to be asked')
        wait_until(lambda: sum(each.exit_status_ready() for each in channels) == 270 - most, 60, 'refusals')
        refused = [channel for channel in channels if channel.exit_status_ready()]
        assert b'this key has 32 commands under way' in refused[0].recv_stderr(1000)
        assert alice.push(work, 'hello').status == 0
        daemon.endless.clear()
        assert bob.ssh('builds', 'only').status == 0


def test_who_has_logged_in_of_late_is_served_while_forty_addresses_hold_connections_open(
    alice: Client, server: RunningServer
) -> None:
    assert alice.ssh('help', options=('-b', '127.0.0.2')).status == 0
    held = [connect(server, f'127.0.1.{address}') for address in range(40) for _ in range(HALF_OPEN)]
    try:
        for _ in range(3):
            assert alice.ssh('help', options=('-b', '127.0.0.2'), timeout=8).status == 0
    finally:
        for sock in held:
            sock.close()
