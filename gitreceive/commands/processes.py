"""Processes of apps: which instances there are, and restarts, stops and starts."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from gitreceive.commands.access import changeable, reached, reached_apps
from gitreceive.commands.builds import Submit
from gitreceive.config.home import Home
from gitreceive.journal import Journal
from gitreceive.model.access import Actor
from gitreceive.model.app import AppName
from gitreceive.model.errors import BadCommand
from gitreceive.model.instance import Instance, InstanceName, InstanceState, Usage
from gitreceive.model.operation import Operation, Restart, Switch
from gitreceive.model.release import Release
from gitreceive.run.formation import desired
from gitreceive.run.ports import Instances, Observed

DOWN = 'down'
"""The state of an instance that there is to be, and is not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceInfo:
    """An instance that there is, or is to be: then without ``instance``. ``usage``: None if it does not run."""

    app: AppName
    release: int
    name: InstanceName
    state: str
    instance: Instance | None = None
    usage: Usage | None = None


def list_instances(
    actor: Actor, app: AppName | None, home: Home, journal: Journal, instances: Instances, observed: Observed
) -> list[InstanceInfo]:
    """The instances of an app, or of all that the actor may reach. Raises UnknownApp, EngineGone."""
    apps = [reached(actor, app, home)] if app else reached_apps(actor, home)
    found: dict[AppName, list[Instance]] = {}
    for one in instances.find(app):
        found.setdefault(one.app, []).append(one)
    usage = observed.usage([one for name in apps for one in found.get(name, ())])
    return [info for name in apps for info in _of_app(name, found.get(name, ()), usage, journal)]


def restart(
    actor: Actor, app: AppName, names: Sequence[str], home: Home, journal: Journal, submit: Submit
) -> Operation:
    """Renews all instances, or those of the types and names (``web``, ``web.1``). Raises UnknownApp, BadCommand."""
    live = _live(changeable(actor, app, home, journal.apps), journal)
    if journal.running.stopped(app):
        raise BadCommand(f'{app} was stopped, so that nothing of it runs; "ps start {app}" starts it')
    wanted = {each.name for each in desired(live, journal.running.formation(app))}
    there = {str(name) for name in wanted} | {name.process for name in wanted}
    for each in names:
        if each not in there:
            listed = ', '.join(sorted(there)) or 'nothing'
            raise BadCommand(f'{app} runs no {ascii(each[:40])}; there is: {listed}')
    return submit(app, Restart(processes=tuple(names)), actor)


def switch(actor: Actor, app: AppName, on: bool, home: Home, journal: Journal, submit: Submit) -> Operation:
    """Stops all instances, or starts them. Raises UnknownApp, or BadCommand if nothing was released."""
    _live(changeable(actor, app, home, journal.apps), journal)
    if journal.running.stopped(app) is not on:
        raise BadCommand(f'{app} {"runs" if on else "is stopped"} already')
    return submit(app, Switch(on=on), actor)


def _live(app: AppName, journal: Journal) -> Release:
    live = journal.releases.live(app)
    if live is None:
        raise BadCommand(f'{app} has no release yet, so that nothing of it runs; push one')
    return live


def _of_app(
    app: AppName, found: Sequence[Instance], usage: Mapping[str, Usage], journal: Journal
) -> Iterator[InstanceInfo]:
    live = journal.releases.live(app)
    infos = [_found(one, usage) for one in found]
    if live:
        there = {one.name for one in found if one.release == live.version}
        stopped = journal.running.stopped(app)
        for each in desired(live, journal.running.formation(app), stopped=stopped):
            if each.name not in there:
                infos.append(InstanceInfo(app=app, release=live.version, name=each.name, state=DOWN))
    return iter(sorted(infos, key=lambda info: (info.name, -info.release)))


def _found(one: Instance, usage: Mapping[str, Usage]) -> InstanceInfo:
    ended = one.state in (InstanceState.CRASHED, InstanceState.ENDED) and one.exit_status is not None
    state = f'{one.state} ({one.exit_status})' if ended else str(one.state)
    return InstanceInfo(
        app=one.app, release=one.release, name=one.name, state=state, instance=one, usage=usage.get(one.id)
    )
