"""The container of ``exec``, as the JSON of the API's ``POST /containers/create``. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gitreceive.model import Stack

NO_LOG = {'Type': 'none', 'Config': {}}
"""Its output may be anything, and goes to whoever has started it; the engine keeps nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Whose command it is: numbers of user and group, and whether there is a terminal (then of which type)."""

    uid: int
    gid: int
    terminal: str = ''


def command_container(
    command: Sequence[str], directory: Path, stack: Stack, caller: Caller
) -> dict[str, Any]:
    """A container of the build image that runs a command in ``directory``, mounted at /app/src.

    What it writes there belongs to the caller. /app is memory that goes away with it: the caller's number is not that
    of the image's user. An init of the engine's own is the first process, so that signals have their usual effect.
    """
    env = ['HOME=/app', f'TERM={caller.terminal}'] if caller.terminal else ['HOME=/app']
    home = f'uid={caller.uid},gid={caller.gid},mode=0755,exec'
    return {
        'Image': stack.build_image,
        'Cmd': list(command),
        'User': f'{caller.uid}:{caller.gid}',
        'WorkingDir': '/app/src',
        'Env': env,
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
