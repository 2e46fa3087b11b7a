"""How an app's process is started in its container, wherever that runs. Pure."""

from collections.abc import Mapping
from typing import Any

from gitreceive.model.errors import BadCommand
from gitreceive.model.process import ProcessType

PORT = 5000
"""Inside the container, given to the process as ``PORT``."""

HOST = '127.0.0.1'
PIDS = 1024
LOG = {'Type': 'json-file', 'Config': {'max-size': '10m', 'max-file': '1'}}

START = """
cd /app || exit 1
for gitreceive_profile in /app/.profile.d/*.sh; do if [ -f "$gitreceive_profile" ]; then . "$gitreceive_profile"; fi; done
unset gitreceive_profile
if [ -f /app/.profile ]; then . /app/.profile; fi
if [ -d /app/src ]; then cd /app/src; else cd /app; fi || exit 1
exec bash -c "$1"
"""
"""What an app's process is started with: its command is an argument and stays one.

It begins in ``/app/src``, or in ``/app`` where an app's own Dockerfile has not made that.
"""

ATTENDED = """
trap 'stopping=yes; interrupted=yes; kill -TERM -1 2>/dev/null' TERM
bash -c "$1" gitreceive "$2" &
while interrupted=; wait "$!"; status=$?; [ -n "$interrupted" ]; do :; done
while [ -n "$stopping" ] && kill -0 -1 2>/dev/null; do sleep 0.1; done
exit "$status"
"""
"""The container's first process: runs START with a command, hands SIGTERM to every other process there is, and ends
with the status of the command, after all of them.

The kernel keeps signals without a handler from a first process (pid_namespaces(7)): without this one, most apps would
end by SIGKILL only; and a shell before a command ("cd web && ./server") would end without waiting for it.
"""


def port_taken(port: int) -> BadCommand:
    """The error for a port of this machine that something else has."""
    return BadCommand(
        f'port {port} of {HOST} is taken: choose another one with -p PORT (0: any that is free)'
    )


def process_container(
    image: str, process: ProcessType, env: Mapping[str, str], uid: int, port: int | None
) -> dict[str, Any]:
    """A container that runs a process type of the app in ``image``, as the API's ``POST /containers/create`` has it.

    The process is user ``uid`` and has no privileges. ``port`` of 127.0.0.1 leads to its ``$PORT`` (0: one that is
    free; None: none does).
    """
    given = {**env, 'PORT': str(PORT), 'HOME': '/app', 'DYNO': f'{process.name}.1'}
    ports = {} if port is None else {f'{PORT}/tcp': [{'HostIp': HOST, 'HostPort': str(port) if port else ''}]}
    return {
        'Image': image,
        'Cmd': ['bash', '-c', ATTENDED, 'gitreceive', START, process.command],
        'User': str(uid),
        'WorkingDir': '/app',
        'Env': [f'{name}={value}' for name, value in given.items()],
        'AttachStdout': True,
        'AttachStderr': True,
        'ExposedPorts': {name: {} for name in ports},
        'HostConfig': {
            'CapDrop': ['ALL'],
            'SecurityOpt': ['no-new-privileges'],
            'PidsLimit': PIDS,
            'PortBindings': ports,
            'LogConfig': LOG,
        },
    }
