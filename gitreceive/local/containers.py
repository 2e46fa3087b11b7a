"""Containers with an input and perhaps a terminal, as the JSON of the API's ``POST /containers/create``. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gitreceive.model.process import ProcessType
from gitreceive.run.boot import START

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


def command_container(command: Sequence[str], directory: Path, image: str, caller: Caller) -> dict[str, Any]:
    """A container of ``image``, the build image, that runs a command in ``directory``, mounted at /app/src.

    What it writes there belongs to the caller. /app is memory that goes away with it: the caller's number is not that
    of the image's user. An init of the engine's own is the first process, so that signals have their usual effect.
    """
    home = f'uid={caller.uid},gid={caller.gid},mode=0755,exec'
    return {
        'Image': image,
        'Cmd': ['bash', '-c', ENTER, 'exec', caller.name, str(caller.uid), str(caller.gid), *command],
        'User': '0:0',
        'WorkingDir': '/app/src',
        'Env': ['HOME=/app', *_term(caller.terminal)],
        **_streams(caller.terminal),
        'HostConfig': {
            'Init': True,
            'SecurityOpt': ['no-new-privileges'],
            'Mounts': [{'Type': 'bind', 'Source': str(directory), 'Target': '/app/src'}],
            'Tmpfs': {'/app': home},
            'LogConfig': NO_LOG,
        },
    }


def with_input(config: Mapping[str, Any], process: ProcessType, terminal: str) -> dict[str, Any]:
    """``config`` of a process type, with standard input for the process, and a ``terminal`` of that type if there is one.

    The process is not in the background then, as ``boot.ATTENDED`` would have it: there it could not read, and Ctrl-C
    would not reach it. So an init of the engine's own is the first process.
    """
    return {
        **config,
        'Cmd': ['bash', '-c', START, 'gitreceive', process.command],
        'Env': [*config['Env'], *_term(terminal)],
        **_streams(terminal),
        'HostConfig': {**config['HostConfig'], 'Init': True, 'LogConfig': NO_LOG},
    }


def _term(terminal: str) -> list[str]:
    return [f'TERM={terminal}'] if terminal else []


def _streams(terminal: str) -> dict[str, bool]:
    given = dict.fromkeys(('OpenStdin', 'StdinOnce', 'AttachStdin', 'AttachStdout', 'AttachStderr'), True)
    return {'Tty': bool(terminal), **given}
