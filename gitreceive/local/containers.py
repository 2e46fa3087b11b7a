"""What the engine is asked for: the containers of ``start`` and ``exec``, as the API's JSON. Pure.

The format is that of ``POST /containers/create`` of the Docker Engine API.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gitreceive.boot import ATTENDED, PORT, START
from gitreceive.model import ProcessType, Stack

HOST = '127.0.0.1'
PIDS = 1024
NO_LOG = {'Type': 'none', 'Config': {}}
"""Its output goes to whoever has started it; the engine keeps nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Whose command it is: numbers of user and group, and whether there is a terminal (then of which type)."""

    uid: int
    gid: int
    terminal: str = ''


def process_container(
    image: str, process: ProcessType, env: Mapping[str, str], stack: Stack, port: int | None
) -> dict[str, Any]:
    """A container that runs a process type of the app as the receiver would.

    ``port`` of 127.0.0.1 leads to the process's ``$PORT`` (0: one that is free; None: none does).
    """
    given = {**env, 'PORT': str(PORT), 'HOME': '/app', 'DYNO': f'{process.name}.1'}
    ports = {} if port is None else {f'{PORT}/tcp': [{'HostIp': HOST, 'HostPort': str(port) if port else ''}]}
    return {
        'Image': image,
        'Cmd': ['bash', '-c', ATTENDED, 'gitreceive', START, process.command],
        'User': str(stack.uid),
        'WorkingDir': '/app',
        'Env': _pairs(given),
        'AttachStdout': True,
        'AttachStderr': True,
        'ExposedPorts': {name: {} for name in ports},
        'HostConfig': {
            'CapDrop': ['ALL'],
            'SecurityOpt': ['no-new-privileges'],
            'PidsLimit': PIDS,
            'PortBindings': ports,
            'LogConfig': NO_LOG,
        },
    }


def command_container(
    command: Sequence[str], directory: Path, stack: Stack, caller: Caller
) -> dict[str, Any]:
    """A container of the build image that runs a command in ``directory``, mounted at /app/src.

    What it writes there belongs to the caller. /app is memory that goes away with it: the caller's number is not that
    of the image's user. An init of the engine's own is the first process, so that signals have their usual effect.
    """
    given = {'HOME': '/app'} | ({'TERM': caller.terminal} if caller.terminal else {})
    home = f'uid={caller.uid},gid={caller.gid},mode=0755,exec'
    return {
        'Image': stack.build_image,
        'Cmd': list(command),
        'User': f'{caller.uid}:{caller.gid}',
        'WorkingDir': '/app/src',
        'Env': _pairs(given),
        'Tty': bool(caller.terminal),
        'OpenStdin': True,
        'StdinOnce': True,
        'AttachStdin': True,
        'AttachStdout': True,
        'AttachStderr': True,
        'HostConfig': {
            'Init': True,
            'SecurityOpt': ['no-new-privileges'],
            'Mounts': [{'Type': 'bind', 'Source': str(directory), 'Target': '/app/src'}],
            'Tmpfs': {'/app': home},
            'LogConfig': NO_LOG,
        },
    }


def _pairs(variables: Mapping[str, str]) -> list[str]:
    return [f'{name}={value}' for name, value in variables.items()]
