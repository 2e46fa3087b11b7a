"""Builds and containers that live as long as their command, and clearing away after commands that were killed."""

import errno
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from gitreceive.local.home import LocalHome
from gitreceive.local.signals import stop_signals
from gitreceive.model.cancellation import BuildClock
from gitreceive.model.container import HOST, ContainerSpec, port_taken
from gitreceive.model.errors import BuildCancelled
from gitreceive.run.ports import Containers

HOME_LABEL = 'gitreceive.local'
OWNER_LABEL = 'gitreceive.local.owner'


@contextmanager
def build_clock(seconds: int) -> Iterator[BuildClock]:
    """What stops a build: its time limit, or SIGINT, SIGTERM and SIGHUP, which also end the program then."""
    clock = BuildClock(seconds)
    try:
        with stop_signals(lambda: clock.stop(BuildCancelled('interrupted'))) as stopped:
            try:
                yield clock
            finally:
                if stopped.signal:
                    raise SystemExit(stopped.status)
    finally:
        clock.close()


def run_in_foreground(
    spec: ContainerSpec,
    containers: Containers,
    home: LocalHome,
    started: Callable[[int], None] = lambda port: None,
) -> int:
    """The exit status of the container that ``spec`` describes; ``started`` is given its port on the host.

    SIGINT, SIGTERM and SIGHUP stop it: SIGTERM, grace period, SIGKILL.
    """
    remove_left_behind(containers, home)
    with home.owner() as owner:
        run = containers.attach(spec, {HOME_LABEL: home.name(), OWNER_LABEL: owner})
        with stop_signals(run.stop):
            return run.run(started)


def refuse_taken(port: int, engine: str) -> None:
    """Raises BadCommand if something has the port of this machine: before a build, not after it.

    Silent where that cannot be known: 0 is any port, an engine that is reached by network has ports of its own, and
    some ports are root's. ``engine`` is the engine's URL.
    """
    if not port or '://' in engine.removeprefix('unix://'):
        return
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise port_taken(port) from error


def remove_left_behind(containers: Containers, home: LocalHome) -> int:
    """Removes the containers of commands that were killed; returns how many."""
    return containers.remove_orphans((HOME_LABEL, home.name()), OWNER_LABEL, home.alive)
