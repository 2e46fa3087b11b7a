"""Builds and containers that live as long as their command, and clearing away after commands that were killed."""

import errno
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from gitreceive.config.settings import Settings
from gitreceive.local.home import LocalHome
from gitreceive.local.signals import stop_signals
from gitreceive.model.cancellation import BuildClock
from gitreceive.model.errors import BuildCancelled
from gitreceive.run.boot import HOST, port_taken
from gitreceive.wiring import foreground, remove_orphans

HOME_LABEL = 'gitreceive.local'
OWNER_LABEL = 'gitreceive.local.owner'


def local_home(settings: Settings) -> LocalHome:
    """Where these commands keep their files."""
    return LocalHome(settings.home / 'local')


@contextmanager
def build_clock(settings: Settings) -> Iterator[BuildClock]:
    """What stops a build: its time limit, or SIGINT, SIGTERM and SIGHUP, which also end the program then."""
    clock = BuildClock(settings.limits.build_seconds)
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
    config: Mapping[str, Any], settings: Settings, started: Callable[[int], None] = lambda port: None
) -> int:
    """The exit status of the container that ``config`` describes; ``started`` is told its port on the host.

    SIGINT, SIGTERM and SIGHUP stop it: SIGTERM, grace, SIGKILL.
    """
    home = local_home(settings)
    remove_left_behind(settings)
    with home.owner() as owner:
        labels = {HOME_LABEL: home.name(), OWNER_LABEL: owner}
        run = foreground(settings, {**config, 'Labels': labels})
        with stop_signals(run.stop):
            return run.run(started)


def refuse_taken(port: int, settings: Settings) -> None:
    """Raises BadCommand if something has the port of this machine: before a build, not after it.

    Silent where that cannot be known: 0 is any port, an engine that is reached by network has ports of its own, and
    some ports are root's.
    """
    if not port or '://' in settings.engine.url.removeprefix('unix://'):
        return
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise port_taken(port) from error


def remove_left_behind(settings: Settings) -> int:
    """Removes the containers of commands that were killed; returns how many."""
    home = local_home(settings)
    return remove_orphans(settings, (HOME_LABEL, home.name()), OWNER_LABEL, home.alive)
