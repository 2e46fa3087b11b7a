"""Answers the verbs of processes."""

from gitreceive.commands import formation, processes
from gitreceive.daemon import render
from gitreceive.daemon.rows.processes import instance_row, type_row
from gitreceive.daemon.socket import Answering
from gitreceive.daemon.verbs.carrying import carry_out
from gitreceive.daemon.verbs.parts import Answers, Asking, Parts
from gitreceive.grammar.parsing import Invocation
from gitreceive.model.access import Actor
from gitreceive.model.errors import BadCommand
from gitreceive.model.instance import counts
from gitreceive.model.operation import Rescale


def _ps(parts: Parts, actor: Actor, asked: Invocation, asking: Asking) -> str:
    ports, json = parts.running().ports, asked.switch('json')
    found = processes.list_instances(
        actor, asked.maybe_app, parts.home, parts.journal, ports.instances, ports.observed
    )
    stopped = asked.maybe_app and parts.journal.running.stopped(asked.maybe_app)
    if stopped and not found and not json:
        return render.lines(f'{asked.app} is stopped; "ps start {asked.app}" starts it')
    return render.listed([instance_row(info, json) for info in found], json)


def _ps_scale(parts: Parts, actor: Actor, asked: Invocation, asking: Asking) -> str | Answering:
    parts.running()
    if not asked.texts('counts'):
        return _formation(parts, actor, asked)
    wanted = formation.read_counts(asked.texts('counts'))
    started = formation.scale(actor, asked.app, wanted, parts.home, parts.journal, parts.submit)
    assert isinstance(started.request, Rescale)
    return carry_out(parts, started, asked, f'Scaling {asked.app}: {counts(started.request.formation)}')


def _ps_limits(parts: Parts, actor: Actor, asked: Invocation, asking: Asking) -> str | Answering:
    parts.running()
    process, limits = (
        asked.text('process'),
        formation.LimitChange(memory=asked.text('memory'), cpus=asked.text('cpus')),
    )
    if process is None:
        return _formation(parts, actor, asked)
    if limits.memory is None and limits.cpus is None:
        raise BadCommand(f'nothing to change of {process}: --memory SIZE, --cpus N, or both are expected')
    started = formation.limit(actor, asked.app, process, limits, parts.home, parts.journal, parts.submit)
    return carry_out(parts, started, asked, f'Limiting {process} of {asked.app} and restarting it')


def _formation(parts: Parts, actor: Actor, asked: Invocation) -> str:
    found, json = formation.list_formation(actor, asked.app, parts.home, parts.journal), asked.switch('json')
    return render.listed([type_row(info, json) for info in found], json)


def _ps_restart(parts: Parts, actor: Actor, asked: Invocation, asking: Asking) -> str | Answering:
    parts.running()
    names = asked.texts('processes')
    started = processes.restart(actor, asked.app, names, parts.home, parts.journal, parts.submit)
    which = f'{", ".join(names)} of ' if names else ''
    return carry_out(parts, started, asked, f'Restarting {which}{asked.app}')


def _ps_start(parts: Parts, actor: Actor, asked: Invocation, asking: Asking) -> str | Answering:
    return _switch(parts, actor, asked, on=True)


def _ps_stop(parts: Parts, actor: Actor, asked: Invocation, asking: Asking) -> str | Answering:
    return _switch(parts, actor, asked, on=False)


def _switch(parts: Parts, actor: Actor, asked: Invocation, *, on: bool) -> str | Answering:
    parts.running()
    started = processes.switch(actor, asked.app, on, parts.home, parts.journal, parts.submit)
    return carry_out(parts, started, asked, f'{"Starting" if on else "Stopping"} {asked.app}')


ANSWERS: Answers = {
    'ps': _ps,
    'ps limits': _ps_limits,
    'ps restart': _ps_restart,
    'ps scale': _ps_scale,
    'ps start': _ps_start,
    'ps stop': _ps_stop,
}
