"""What is to run in a container, in words of our own; an engine's adapter turns it into those of its engine."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType

from gitreceive.model.errors import BadCommand

HOST = '127.0.0.1'
"""Where the port of a container is published, and nowhere else."""

LOG_MEGABYTES = 10


class Streams(StrEnum):
    """What the process has: ``output`` alone, ``input`` too, or a ``terminal``."""

    OUTPUT = 'output'
    INPUT = 'input'
    TERMINAL = 'terminal'


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedPort:
    """A port ``inside`` the container, reached at the port ``outside`` of this host; 0 takes any that is free."""

    inside: int
    outside: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryFolder:
    """A directory in memory that goes away with the container, of that user and group; programs in it may be run."""

    path: str
    uid: int
    gid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sandbox:
    """What surrounds a process. There are never new privileges.

    ``capabilities``: it keeps those that the engine gives root. ``pids``: how many processes there may be, 0 for the
    engine's own limit. ``init``: an init of the engine's is the first process. ``logged``: the engine keeps its output.
    ``mounts``: directories of the host, by where they are seen.
    """

    capabilities: bool = False
    pids: int = 0
    init: bool = False
    logged: bool = True
    mounts: Mapping[str, Path] = field(default_factory=lambda: MappingProxyType({}))
    memory: tuple[MemoryFolder, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerSpec:
    """A container of ``image`` that runs ``command`` as ``user`` in ``directory``.

    ``entry`` stands before the command in place of what the image has there (empty: as the image has it).
    """

    image: str
    command: tuple[str, ...]
    user: str
    directory: str
    env: Mapping[str, str]
    port: PublishedPort | None = None
    entry: tuple[str, ...] = ()
    streams: Streams = Streams.OUTPUT
    sandbox: Sandbox = Sandbox()


def port_taken(port: int) -> BadCommand:
    """The error for a port of this machine that something else has."""
    return BadCommand(
        f'port {port} of {HOST} is taken: choose another one with -p PORT (0: any that is free)'
    )
