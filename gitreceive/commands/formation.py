"""The formation of an app: how many instances of which process type there are to be, and what each may use."""

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from gitreceive.commands.access import changeable, reached
from gitreceive.commands.builds import Submit
from gitreceive.config.home import Home
from gitreceive.journal import Journal
from gitreceive.model.access import Actor
from gitreceive.model.app import AppName
from gitreceive.model.errors import BadCommand
from gitreceive.model.instance import Scale
from gitreceive.model.operation import Operation, Rescale
from gitreceive.run.formation import RELEASE, scale_of

MOST = 100
"""Instances of an app, over all its process types."""

LEAST_MEMORY = 16_000_000
LEAST_CPUS = 0.01

SIZE = re.compile(r'([0-9]{1,15})([KMG]?)(i?)B?', re.IGNORECASE)
DEFAULT = 'default'


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeInfo:
    """A process type of what is live, and how it is scaled."""

    process: str
    command: str
    scale: Scale


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitChange:
    """What is to change of the limits of a process type, as it was given: None leaves one, ``default`` takes it away."""

    memory: str | None
    cpus: str | None


def list_formation(actor: Actor, app: AppName, home: Home, journal: Journal) -> list[TypeInfo]:
    """The process types of what is live. Raises UnknownApp, or BadCommand if nothing was released."""
    types = _types(reached(actor, app, home), journal)
    formation = journal.running.formation(app)
    return [
        TypeInfo(process=name, command=command, scale=scale_of(name, formation))
        for name, command in types.items()
    ]


def read_counts(words: Sequence[str]) -> Mapping[str, int]:
    """``web=2`` ``worker=1``. Pure. Raises BadCommand for anything else."""
    counts = {}
    for word in words:
        name, equals, count = word.partition('=')
        digits = count.removeprefix('-')
        if not (name and equals and digits.isascii() and digits.isdigit() and len(digits) < 10):
            raise BadCommand(f'{ascii(word[:40])} is not TYPE=NUMBER, as web=2 is')
        counts[name] = int(count)
    return counts


def scale(
    actor: Actor, app: AppName, counts: Mapping[str, int], home: Home, journal: Journal, submit: Submit
) -> Operation:
    """Changes how many instances there are. Raises UnknownApp, AccessDenied, or BadCommand with what is possible."""
    types = _types(changeable(actor, app, home, journal.apps), journal)
    formation = _formation(app, journal)
    for name, count in counts.items():
        _check_type(app, name, types)
        if count < 0:
            raise BadCommand(f'{name}={count}: there cannot be less than none')
        formation[name] = replace(scale_of(name, formation), count=count)
    total = sum(scale_of(name, formation).count for name in types)
    if total > MOST:
        raise BadCommand(f'that would be {total:,} instances: an app has at most {MOST}, of all its types')
    return submit(app, Rescale(formation={name: formation[name] for name in counts}), actor)


def limit(
    actor: Actor,
    app: AppName,
    process: str,
    limits: LimitChange,
    home: Home,
    journal: Journal,
    submit: Submit,
) -> Operation:
    """Changes what each instance of a process type may use. Raises UnknownApp, AccessDenied, BadCommand."""
    types = _types(changeable(actor, app, home, journal.apps), journal)
    _check_type(app, process, types)
    changed = scale_of(process, _formation(app, journal))
    if limits.memory is not None:
        changed = replace(changed, memory=_memory(limits.memory))
    if limits.cpus is not None:
        changed = replace(changed, cpus=_cpus(limits.cpus))
    return submit(app, Rescale(formation={process: changed}), actor)


def _formation(app: AppName, journal: Journal) -> dict[str, Scale]:
    """With what is under way: two changes that come at once are both made."""
    found: dict[str, Scale] = dict(journal.running.formation(app))
    for operation in journal.operations.active(app):
        if isinstance(operation.request, Rescale):
            found |= operation.request.formation
    return found


def _types(app: AppName, journal: Journal) -> Mapping[str, str]:
    """The process types of what is live, and their commands."""
    live = journal.releases.live(app)
    if live is None:
        raise BadCommand(
            f'{app} has no release yet, so that its process types are not known; push one ("formation" in app.json '
            'says how it begins)'
        )
    return {each.name: each.command for each in live.processes if each.name != RELEASE}


def _check_type(app: AppName, name: str, types: Mapping[str, str]) -> None:
    if name not in types:
        raise BadCommand(
            f'{app} has no process type {ascii(name[:40])}; there are: {", ".join(types) or "none"}'
        )


def _memory(text: str) -> int | None:
    """Bytes. ``512M`` are millions, ``512Mi`` powers of two."""
    if text == DEFAULT:
        return None
    found = SIZE.fullmatch(text)
    if not found:
        raise BadCommand(f'{ascii(text[:40])} is no size, as 512M, 1G or {DEFAULT} are')
    number, unit, binary = found.groups()
    size = int(number) * int((1024 if binary else 1000) ** ' kmg'.index(unit.lower() or ' '))
    there = os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES')
    if not LEAST_MEMORY <= size <= there:
        raise BadCommand(
            f'memory is at least {LEAST_MEMORY // 10**6}M, and at most what this host has: {there // 10**6:,}M'
        )
    return size


def _cpus(text: str) -> float | None:
    """A number of cores."""
    if text == DEFAULT:
        return None
    there = os.cpu_count() or 1
    try:
        cpus = float(text) if re.fullmatch(r'[0-9.]{1,8}', text) else 0.0
    except ValueError:
        cpus = 0.0
    if not LEAST_CPUS <= cpus <= there:
        raise BadCommand(
            f'cpus are a number of cores, as 0.5 is: from {LEAST_CPUS} to what this host has, {there}; or {DEFAULT}'
        )
    return cpus
