"""The container of ``exec``, as the JSON of the API's ``POST /containers/create``. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gitreceive.model import Stack

NO_LOG = {'Type': 'none', 'Config': {}}
"""Its output may be anything, and goes to whoever has started it; the engine keeps nothing."""


ENTER = """
getent passwd "$2" >/dev/null || echo "$1:x:$2:$3::/app:/bin/bash" >>/etc/passwd
getent group "$3" >/dev/null || echo "$1:x:$3:" >>/etc/group
exec setpriv --reuid "$2" --regid "$3" --clear-groups --inh-caps=-all -- "${@:4}"
"""
"""Becomes the caller, and then the command. The caller's number gets a name first: without one ssh does not run at all,
nor much that asks for the name or the home of its user."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Whose command it is: name, numbers of user and group, and whether there is a terminal (then of which type)."""

    name: str
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
        'Cmd': ['bash', '-c', ENTER, 'exec', caller.name, str(caller.uid), str(caller.gid), *command],
        'User': '0:0',
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
