"""Logs of an app: which of them is asked for, and from when on."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from gitreceive.commands.access import reached
from gitreceive.commands.builds import find_build
from gitreceive.config.home import Home
from gitreceive.journal import Journal
from gitreceive.model.access import Actor
from gitreceive.model.app import AppName
from gitreceive.model.errors import BadCommand
from gitreceive.model.operation import Deploy, Operation
from gitreceive.run.logs import Selection

LINES = 100
"""So many of the last lines are shown unless something else is said."""

LOOKED_AT = 1000
"""Operations among which the newest build is looked for."""

AGO = re.compile('([0-9]{1,9})([smhd])', re.ASCII)
SECONDS = {'s': 1, 'm': 60, 'h': 3600, 'd': 86_400}
PROCESS = re.compile(r'[A-Za-z0-9][A-Za-z0-9_-]{0,99}(\.[0-9]{1,6})?', re.ASCII)


class LogSource(StrEnum):
    """``app``: the instances; ``build``: the newest build; ``release``: what made the live release; ``router``: requests."""

    APP = 'app'
    BUILD = 'build'
    RELEASE = 'release'
    ROUTER = 'router'


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedLogs:
    """What of the logs is asked for, as it was given; None is what was not."""

    source: str | None = None
    build: int | None = None
    processes: tuple[str, ...] = ()
    since: str | None = None
    lines: int | None = None


def chosen_source(asked: AskedLogs, runs: Callable[[], bool]) -> LogSource:
    """Where the lines are: what is asked for, or the instances if there are some, else the newest build.

    ``runs`` says whether there are some. Raises BadCommand for what does not go together.
    """
    of_instances = bool(asked.processes) or asked.since is not None
    if asked.build is not None:
        if of_instances or asked.source not in (None, LogSource.BUILD):
            raise BadCommand('logs: --build goes with -f and -n alone')
        return LogSource.BUILD
    if asked.source is not None:
        if asked.source not in list(LogSource):
            raise BadCommand(f'logs: --source is one of {", ".join(LogSource)}')
        source = LogSource(asked.source)
        if of_instances and source not in (LogSource.APP, LogSource.ROUTER):
            raise BadCommand(f'logs: --process and --since do not go with --source {source}')
        return source
    return LogSource.APP if of_instances or runs() else LogSource.BUILD


def read_selection(asked: AskedLogs, now: float) -> Selection:
    """Which lines are asked for. Raises BadCommand."""
    for each in asked.processes:
        if not PROCESS.fullmatch(each):
            raise BadCommand(
                f'logs: {ascii(each[:40])} is neither a process type nor an instance, as web.1 is'
            )
    since = read_time(asked.since, now) if asked.since else 0.0
    last = asked.lines if asked.lines is not None else -1 if asked.since else LINES
    return Selection(processes=asked.processes, since=since, last=last)


def read_time(text: str, now: float) -> float:
    """``10m`` ago, or a time as ISO 8601 has it, in UTC unless it says something else. Raises BadCommand."""
    if found := AGO.fullmatch(text):
        return max(0.0, now - int(found[1]) * SECONDS[found[2]])
    try:
        at = datetime.fromisoformat(text)
        return max(0.0, (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp())
    except (ValueError, OverflowError):
        raise BadCommand(
            'logs: --since takes 30s, 10m, 2h or 3d, or a time as 2026-01-31T13:00:00Z'
        ) from None


def find_log(
    actor: Actor, app: AppName, source: LogSource, build: int | None, home: Home, journal: Journal
) -> Operation:
    """The operation whose log is asked for. Raises UnknownApp or BadCommand."""
    if source is LogSource.BUILD and build is None:
        return _newest_build(reached(actor, app, home), journal)
    if source is LogSource.RELEASE:
        live = journal.releases.live(reached(actor, app, home))
        if live is None:
            raise BadCommand(f'{app} has no release yet; "logs {app} --source build" shows its newest build')
        return find_build(actor, app, live.operation, home, journal)
    return find_build(actor, app, build, home, journal)


def _newest_build(app: AppName, journal: Journal) -> Operation:
    found = journal.operations.of(app, LOOKED_AT)
    builds = (each for each in found if isinstance(each.request, Deploy))
    newest = next(builds, found[0] if found else None)
    if newest is None:
        raise BadCommand(f'{app} has no build; push it to have one')
    return newest
