"""What a release needs to run, beside its process types: pinned from ``app.json`` when it is made. Times in seconds."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """How an instance shows that it is up: ``path`` answers by HTTP, and ``content`` is in it; or it has lived ``uptime``.

    Without either, something has to listen. ``timeout`` is that of one request.
    """

    path: str = ''
    content: str = ''
    headers: Mapping[str, str] = field(default_factory=dict)
    timeout: float = 5.0
    uptime: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CronJob:
    """A command that is run when the ``schedule`` of five fields says so, in UTC (crontab(5))."""

    schedule: str
    command: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """``checks`` by process type; ``postdeploy`` is run once for an app, ``formation`` counts what its first deploy starts."""

    checks: Mapping[str, tuple[Check, ...]] = field(default_factory=dict)
    cron: tuple[CronJob, ...] = ()
    postdeploy: str = ''
    formation: Mapping[str, int] = field(default_factory=dict)


NO_NEEDS = Needs()


def as_record(needs: Needs) -> Mapping[str, object]:
    """The same for JSON, as a release keeps it; what says nothing is left out."""
    return {name: value for name, value in asdict(needs).items() if value}


def read_needs(record: Mapping[str, object]) -> Needs:
    """The opposite of ``as_record``."""
    found: Any = record
    checks = {name: tuple(Check(**each) for each in every) for name, every in found.get('checks', {}).items()}
    cron = tuple(CronJob(**each) for each in found.get('cron', ()))
    return Needs(**{**found, 'checks': checks, 'cron': cron})
