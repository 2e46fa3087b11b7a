"""Containers as the JSON of the API's ``POST /containers/create``. Pure."""

from collections.abc import Mapping
from typing import Any

from gitreceive.model.container import HOST, LOG_MEGABYTES, ContainerSpec, MemoryFolder, Sandbox, Streams

LOG = {'Type': 'json-file', 'Config': {'max-size': f'{LOG_MEGABYTES}m', 'max-file': '1'}}
NO_LOG: dict[str, Any] = {'Type': 'none', 'Config': {}}


def create_request(spec: ContainerSpec, labels: Mapping[str, str]) -> dict[str, Any]:
    """The body of the request."""
    return {
        'Image': spec.image,
        'Cmd': list(spec.command),
        **({'Entrypoint': list(spec.entry)} if spec.entry else {}),
        'User': spec.user,
        'WorkingDir': spec.directory,
        'Env': [f'{name}={value}' for name, value in spec.env.items()],
        'Labels': dict(labels),
        'ExposedPorts': {name: {} for name in _bindings(spec)},
        **_streams(spec.streams),
        'HostConfig': {**_surroundings(spec.sandbox), 'PortBindings': _bindings(spec)},
    }


def _bindings(spec: ContainerSpec) -> dict[str, list[dict[str, str]]]:
    if spec.port is None:
        return {}
    outside = str(spec.port.outside) if spec.port.outside else ''
    return {f'{spec.port.inside}/tcp': [{'HostIp': HOST, 'HostPort': outside}]}


def _streams(streams: Streams) -> dict[str, bool]:
    attached = {'AttachStdout': True, 'AttachStderr': True}
    if streams == Streams.OUTPUT:
        return attached
    given = dict.fromkeys(('OpenStdin', 'StdinOnce', 'AttachStdin'), True)
    return {'Tty': streams == Streams.TERMINAL, **given, **attached}


def _surroundings(sandbox: Sandbox) -> dict[str, Any]:
    found: dict[str, Any] = {
        'SecurityOpt': ['no-new-privileges'],
        'LogConfig': LOG if sandbox.logged else NO_LOG,
    }
    if not sandbox.capabilities:
        found['CapDrop'] = ['ALL']
    if sandbox.pids:
        found['PidsLimit'] = sandbox.pids
    if sandbox.init:
        found['Init'] = True
    if sandbox.mounts:
        found['Mounts'] = [
            {'Type': 'bind', 'Source': str(source), 'Target': target}
            for target, source in sandbox.mounts.items()
        ]
    if sandbox.memory:
        found['Tmpfs'] = {each.path: _tmpfs(each) for each in sandbox.memory}
    return found


def _tmpfs(folder: MemoryFolder) -> str:
    return f'uid={folder.uid},gid={folder.gid},mode=0755,exec'
