"""Instances: the processes of a release that run, and what is asked for when one is started. Sizes in bytes."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from gitreceive.model.app import AppName
from gitreceive.model.container import ContainerSpec


class InstanceState(StrEnum):
    """``starting`` until it is kept, ``up`` then; ``crashed`` has ended and waits to be started again, ``ended`` stays so."""

    STARTING = 'starting'
    UP = 'up'
    CRASHED = 'crashed'
    ENDED = 'ended'


class InstanceName(NamedTuple):
    """``web.1``: a process type, and which one of it, from 1."""

    process: str
    number: int

    def __str__(self) -> str:
        return f'{self.process}.{self.number}'


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """How many instances of a process type there are to be, and what each may use; None is the setting's default.

    ``cpus`` counts cores: 0.5 is half the time of one.
    """

    count: int
    memory: int | None = None
    cpus: float | None = None


Formation = Mapping[str, Scale]
"""By process type. A type that is not in it: one ``web``, none of the others."""


def counts(formation: Formation) -> str:
    """What it says of numbers: ``web=2 worker=1``."""
    return ' '.join(f'{process}={scale.count}' for process, scale in formation.items())


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceSpec:
    """An instance to be started: of ``release`` of ``app``, in a container, within limits. 0 ``cpus``: no limit.

    ``published``: its port is reached on a port of the host's loopback, which the engine chooses.
    """

    app: AppName
    release: int
    name: InstanceName
    container: ContainerSpec
    memory: int
    cpus: float = 0.0
    published: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """An instance, as the engine knows it. ``since`` is when its process started (seconds since the epoch).

    ``address`` and ``port`` lead to it from this host; 0 where nothing listens by design. ``restarts`` counts crashes.
    ``exit_status`` is that of its end, None while it runs.
    """

    id: str
    app: AppName
    release: int
    name: InstanceName
    state: InstanceState
    since: float
    address: str = ''
    port: int = 0
    restarts: int = 0
    exit_status: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What an instance uses: memory, and cores since it was asked for last."""

    memory: int
    memory_limit: int
    cpus: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """An instance or a command that has ``written`` so many bytes to its disk."""

    app: AppName
    name: InstanceName
    written: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLine:
    """A line that an instance printed, ``at`` a time (seconds since the epoch); harmless for a terminal."""

    at: float
    name: InstanceName
    text: str
