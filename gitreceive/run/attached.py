"""A command of a release in a container of its own, with somebody's input, output and terminal: its spec and its port."""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from gitreceive.config.settings import RunSettings
from gitreceive.model.container import ContainerSpec, Sandbox, Streams
from gitreceive.model.instance import InstanceName, InstanceSpec
from gitreceive.model.release import Release
from gitreceive.model.terminal import Terminal, Window
from gitreceive.run.spec import PORT, START

ONE_OFF = 'run'
"""How such containers are called instead of a process type: ``run.1``."""

GROUP = 'TINI_KILL_PROCESS_GROUP'
"""Lets the engine's init, which is tini, hand signals to all of a command's processes and not to their shell alone
(tini, "Process group killing"). The command does not see it."""

BEGIN = f"""
unset {GROUP}
if [ -n "$2" ]; then stty rows "${{2%x*}}" cols "${{2#*x}}" 2>/dev/null; fi
{START}"""
"""``START``, in a terminal of the size that is the second argument: the engine could tell it only after the start."""


class Printed(NamedTuple):
    """What a command prints at once, to its standard output or its error output."""

    data: bytes
    error: bool = False


class AttachedCommand(Protocol):
    """A command that runs. All but ``output`` may be called by any thread, and does nothing once it has ended."""

    def output(self) -> Iterator[Printed]:
        """What it prints, as it comes, until it ends. Raises EngineGone."""

    def write(self, data: bytes) -> bool:
        """Gives it input, and waits until it takes it. False if it takes no more."""

    def end_input(self) -> None:
        """It has all of its input."""

    def resize(self, window: Window) -> None:
        """Its terminal has that size now."""

    def signal(self, name: str) -> None:
        """Sends a signal (``INT``) to all of its processes."""

    def end(self) -> None:
        """Ends it: SIGHUP, and SIGKILL after a moment. Returns at once."""

    def status(self) -> int:
        """The exit status, once it has ended; 128 and its number for a signal. Raises EngineGone."""


class AttachedCommands(Protocol):
    """Runs commands in containers."""

    def begin(self, spec: InstanceSpec) -> AbstractContextManager[AttachedCommand]:
        """A command that was started; nothing of it is left when the context ends. Raises RunError or EngineGone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What a command finds, beside its own words."""

    image: str
    env: Mapping[str, str]
    settings: RunSettings


def one_off_spec(
    release: Release, number: int, command: str, terminal: Terminal | None, given: Given
) -> InstanceSpec:
    """A container that runs ``command`` as an instance of the release would run. Pure.

    It takes no requests. It can read, and Ctrl-C reaches it: an init of the engine's is the first process, and the
    command in the foreground.
    """
    name, settings = InstanceName(ONE_OFF, number), given.settings
    told = {'TERM': terminal.type} if terminal else {}
    begin = (BEGIN, 'gitreceive', command, str(terminal.window) if terminal else '')
    return InstanceSpec(
        app=release.app,
        release=release.version,
        name=name,
        container=ContainerSpec(
            image=given.image,
            entry=('bash', '-c'),
            command=begin,
            user='app',
            directory='/app',
            env={**given.env, **told, GROUP: '1', 'PORT': str(PORT), 'HOME': '/app', 'DYNO': str(name)},
            streams=Streams.TERMINAL if terminal else Streams.INPUT,
            sandbox=Sandbox(pids=settings.pids, init=True, logged=False),
        ),
        memory=settings.memory_bytes,
        cpus=settings.millicpus / 1000,
    )
