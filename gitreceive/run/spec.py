"""How an app's process is started in its container, wherever that runs. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from gitreceive.config.settings import RunSettings
from gitreceive.model.container import ContainerSpec, PublishedPort, Sandbox
from gitreceive.model.instance import InstanceName, InstanceSpec, Scale
from gitreceive.model.process import ProcessType
from gitreceive.model.release import Release

WEB = 'web'
"""The process type that takes requests."""

CRON = 'cron.job'
"""What instances of cron entries are called; no process type of a Procfile has a dot in its name."""

PORT = 5000
"""Inside the container, given to the process as ``PORT``."""

PIDS = 1024

LIVED_SECONDS = 3.0
"""A process type that takes no requests is up when it has lived so long."""

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


def process_spec(
    image: str, process: ProcessType, env: Mapping[str, str], uid: int, port: int | None
) -> ContainerSpec:
    """A container that runs a process type of the app in ``image``, as user ``uid`` and without privileges.

    ``port`` of the host leads to its ``$PORT`` (0: one that is free; None: none does).
    """
    return ContainerSpec(
        image=image,
        command=('bash', '-c', ATTENDED, 'gitreceive', START, process.command),
        user=str(uid),
        directory='/app',
        env={**env, 'PORT': str(PORT), 'HOME': '/app', 'DYNO': f'{process.name}.1'},
        port=None if port is None else PublishedPort(inside=PORT, outside=port),
        sandbox=Sandbox(pids=PIDS),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseSurroundings:
    """What all instances of a release have in common. ``routed``: a router leads requests to them."""

    image: str
    env: Mapping[str, str]
    settings: RunSettings
    routed: bool = True


def instance_spec(
    release: Release, name: InstanceName, command: str, scale: Scale, around: ReleaseSurroundings
) -> InstanceSpec:
    """An instance of a release that runs ``command``; its image begins it as ``process_spec`` begins that of a slug.

    A web process takes requests, from the router or else on a port of the host's loopback.
    """
    settings = around.settings
    return InstanceSpec(
        app=release.app,
        release=release.version,
        name=name,
        container=ContainerSpec(
            image=around.image,
            command=(command,),
            user='app',
            directory='/app',
            env={**around.env, 'PORT': str(PORT), 'HOME': '/app', 'DYNO': f'{name}'},
            port=PublishedPort(inside=PORT, outside=0) if name.process == WEB else None,
            sandbox=Sandbox(pids=settings.pids),
        ),
        published=not around.routed,
        memory=scale.memory or settings.memory_bytes,
        cpus=settings.millicpus / 1000 if scale.cpus is None else scale.cpus,
    )
