"""Commands in containers of their own, at an engine that runs them on this host."""

import os
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from gitreceive.local.home import LocalHome
from gitreceive.local.running import (
    HOME_LABEL,
    OWNER_LABEL,
    build_clock,
    refuse_taken,
    remove_left_behind,
    run_in_foreground,
)
from gitreceive.model.container import HOST, ContainerSpec, Streams
from gitreceive.model.errors import BadCommand, BuildCancelled
from tests.fakes_containers import FakeContainers

SPEC = ContainerSpec(
    image='tried', command=('sh', '-c', 'exit 9'), user='0:0', directory='/', env={}, streams=Streams.OUTPUT
)


@pytest.fixture
def home(tmp_path: Path) -> LocalHome:
    return LocalHome(tmp_path)


@pytest.fixture
def containers() -> Iterator[FakeContainers]:
    made = FakeContainers('tried')
    yield made
    assert made.there == []


def test_the_status_of_the_command_is_returned(home: LocalHome, containers: FakeContainers) -> None:
    assert run_in_foreground(SPEC, containers, home) == 9


def test_what_runs_is_labelled_with_a_run_that_is_alive(home: LocalHome, containers: FakeContainers) -> None:
    seen: list[bool] = []

    def started(port: int) -> None:
        (labels,) = containers.there
        assert labels[HOME_LABEL] == home.name()
        assert remove_left_behind(containers, home) == 0
        seen.append(home.alive(labels[OWNER_LABEL]))

    run_in_foreground(SPEC, containers, home, started)
    assert seen == [True]


def test_what_a_killed_command_left_is_removed_by_the_next(
    home: LocalHome, containers: FakeContainers
) -> None:
    containers.there.append({HOME_LABEL: home.name(), OWNER_LABEL: 'run-of-before'})
    assert run_in_foreground(SPEC, containers, home) == 9


def test_a_signal_ends_the_command_and_not_the_program(home: LocalHome, containers: FakeContainers) -> None:
    spec = replace(SPEC, command=('sleep', '1000'))
    status = run_in_foreground(spec, containers, home, lambda port: os.kill(os.getpid(), signal.SIGTERM))
    assert status == 128 + signal.SIGTERM


def test_a_signal_stops_a_build_and_then_the_program() -> None:
    with pytest.raises(SystemExit) as ended, build_clock(60) as clock:
        told = threading.Event()
        with clock.call_on_stop(told.set):
            os.kill(os.getpid(), signal.SIGINT)
            assert told.wait(30)
        with pytest.raises(BuildCancelled, match='interrupted'):
            clock.check()
    assert ended.value.code == 128 + signal.SIGINT


def test_a_port_that_is_taken_is_refused_before_a_build_where_that_can_be_known() -> None:
    with closing(socket.create_server((HOST, 0))) as server:
        port = server.getsockname()[1]
        with pytest.raises(BadCommand, match=f'port {port} .*taken'):
            refuse_taken(port, 'unix:///var/run/docker.sock')
        refuse_taken(port, 'tcp://engine.example:2376')
    refuse_taken(port, '')
    refuse_taken(0, '')
