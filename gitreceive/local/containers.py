"""Containers with an input and perhaps a terminal. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from gitreceive.model.container import ContainerSpec, MemoryFolder, Sandbox, Streams
from gitreceive.model.process import ProcessType
from gitreceive.run.spec import START

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


def command_spec(command: Sequence[str], directory: Path, image: str, caller: Caller) -> ContainerSpec:
    """A container of ``image``, the build image, that runs a command in ``directory``, mounted at /app/src.

    What it writes there belongs to the caller. /app is memory that goes away with it: the caller's number is not that
    of the image's user. An init of the engine's own is the first process, so that signals have their usual effect. Its
    output may be anything and goes to the caller; the engine keeps nothing.
    """
    numbers = (str(caller.uid), str(caller.gid))
    return ContainerSpec(
        image=image,
        command=('bash', '-c', ENTER, 'exec', caller.name, *numbers, *command),
        user='0:0',
        directory='/app/src',
        env={'HOME': '/app', **_term(caller.terminal)},
        streams=_streams(caller.terminal),
        sandbox=Sandbox(
            capabilities=True,
            init=True,
            logged=False,
            mounts={'/app/src': directory},
            memory=(MemoryFolder(path='/app', uid=caller.uid, gid=caller.gid),),
        ),
    )


def with_input(spec: ContainerSpec, process: ProcessType, terminal: str) -> ContainerSpec:
    """``spec`` of a process type, with standard input for the process, and a ``terminal`` of that type if there is one.

    The process is not in the background then, as ``spec.ATTENDED`` would have it: there it could not read, and Ctrl-C
    would not reach it. So an init of the engine's own is the first process.
    """
    return replace(
        spec,
        command=('bash', '-c', START, 'gitreceive', process.command),
        env={**spec.env, **_term(terminal)},
        streams=_streams(terminal),
        sandbox=replace(spec.sandbox, init=True, logged=False),
    )


def _term(terminal: str) -> dict[str, str]:
    return {'TERM': terminal} if terminal else {}


def _streams(terminal: str) -> Streams:
    return Streams.TERMINAL if terminal else Streams.INPUT
