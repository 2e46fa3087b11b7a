"""Instances and formations."""

from gitreceive.commands.formation import TypeInfo
from gitreceive.commands.processes import InstanceInfo
from gitreceive.daemon import render
from gitreceive.model.text import megabytes


def instance_row(info: InstanceInfo, json_wanted: bool) -> render.Row:
    """An instance: numbers for machines, units for people."""
    one, usage = info.instance, info.usage
    row: dict[str, object] = {'app': info.app, 'process': str(info.name), 'state': info.state}
    row |= {'since': render.when(one.since) if one else None, 'restarts': one.restarts if one else 0}
    if json_wanted:
        row |= {'state': one.state.value if one else info.state, 'release': info.release}
        row |= {'exit_status': one.exit_status if one else None}
        row |= {'memory': usage.memory if usage else None, 'cpus': usage.cpus if usage else None}
        return {**row, 'memory_limit': usage.memory_limit if usage else None}
    memory = f'{megabytes(usage.memory)} of {megabytes(usage.memory_limit)}' if usage else ''
    cpu = f'{usage.cpus:.0%}' if usage else ''
    return {**row, 'memory': memory, 'cpu': cpu, 'release': f'v{info.release}'}


def type_row(info: TypeInfo, json_wanted: bool) -> render.Row:
    """A process type and how it is scaled."""
    scale = info.scale
    memory: object = scale.memory
    if not json_wanted:
        memory = megabytes(scale.memory) if scale.memory else 'default'
    cpus: object = scale.cpus if json_wanted or scale.cpus else 'default'
    return {
        'process': info.process,
        'count': scale.count,
        'memory': memory,
        'cpus': cpus,
        'command': info.command,
    }
