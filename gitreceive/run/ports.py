"""What running needs from an engine, as small protocols. Adapters satisfy them without inheriting."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from gitreceive.model.app import AppName
from gitreceive.model.container import ContainerSpec
from gitreceive.model.instance import Filled, Formation, Instance, InstanceSpec, LogLine, Usage
from gitreceive.model.operation import Operation
from gitreceive.model.progress import Cancellation
from gitreceive.model.release import Release
from gitreceive.model.route import Endpoint, Route


class Attached(Protocol):
    """A container in the foreground: its input, output, terminal, end and exit status are those of the caller."""

    def run(self, started: Callable[[int], None] = lambda port: None) -> int:
        """The exit status of its command. ``started`` is given the port of the host that leads to it, 0 if none does.

        Whatever happens, the container is gone when this returns. Raises StackError without the image, BadCommand if
        the port is taken, SourceError if the engine does not see a directory, EngineGone or BuildError.
        """

    def stop(self) -> None:
        """Ends it: SIGTERM, and SIGKILL if that is not enough or when it is asked for again. From any thread."""


class Containers(Protocol):
    """Runs containers that live as long as a command."""

    def attach(self, spec: ContainerSpec, labels: Mapping[str, str]) -> Attached:
        """One run, which has not begun."""

    def remove_orphans(self, mine: tuple[str, str], owner_label: str, alive: Callable[[str], bool]) -> int:
        """Removes the containers with the label ``mine`` whose owner is not alive; returns how many."""


class RunningSlug(Protocol):
    """A process of a slug that was started."""

    def port(self) -> int | None:
        """The port of the host that leads to it; None as long as none does."""

    def ended(self) -> int | None:
        """Its exit status; None as long as it runs."""

    def output_of(self, command: Sequence[str]) -> str:
        """What a command prints that runs beside the process."""

    def last_output(self) -> str:
        """The end of what the process printed, harmless for a terminal."""

    def follow(self) -> Iterator[str]:
        """What it prints, as it comes, until it ends."""

    def wait(self) -> int:
        """Its exit status, once it has ended."""


class SlugRunner(Protocol):
    """Puts slugs into containers of the clean run image."""

    def start(self, spec: ContainerSpec, slug: Path, owner: int) -> AbstractContextManager[RunningSlug]:
        """Starts the container with the slug below ``/``, whose files belong to the user ``owner``; removes it at the end.

        Raises StackError without the image, SlugError if the slug cannot be unpacked, EngineGone or BuildError.
        """


class Images(Protocol):
    """The images of releases, in the engine that runs them."""

    def ensure(self, release: Release, cancellation: Cancellation) -> str:
        """Fetches the image of a release unless it is there, and returns its id. Raises RunError or EngineGone."""

    def prepare(self, stack: str) -> None:
        """Fetches what all releases on a stack share, so that the first one need not. Raises RunError or EngineGone."""

    def remove(self, kept: Callable[[AppName, int], bool]) -> int:
        """Removes the images of the releases that are not kept and run nowhere; returns how many. Raises EngineGone."""


class Instances(Protocol):
    """Starts and ends instances. All of it can be asked for again: an engine may have gone in the middle."""

    def start(self, spec: InstanceSpec) -> Instance:
        """Starts one, which is not started again when it ends until ``keep``. Raises RunError or EngineGone."""

    def keep(self, instance: Instance) -> None:
        """From now on the engine starts it again when it crashes, each time a little later, and after a reboot.

        One that has ended meanwhile is started again now. Raises RunError if it is gone, or EngineGone.
        """

    def find(self, app: AppName | None = None) -> Sequence[Instance]:
        """The instances that there are, of an app or of all, also those that have ended. Raises EngineGone."""

    def stop(self, instance: Instance, grace: float) -> None:
        """Ends and removes it: SIGTERM, and SIGKILL after ``grace`` seconds. Nothing if it is gone. Raises EngineGone."""

    def leave(self) -> None:
        """Removes what they need beside themselves, unless some are there. Raises EngineGone."""

    def changes(self, wake: Callable[[AppName], None]) -> AbstractContextManager[None]:
        """As long as it lasts, ``wake`` is called when instances of an app end or begin; from a thread of its own."""


class Observed(Protocol):
    """What can be seen of an instance."""

    def usage(self, instances: Sequence[Instance]) -> Mapping[str, Usage]:
        """What they use, by id, as far as they run."""

    def logs(self, instance: Instance, *, since: float = 0.0, last: int = -1) -> Iterator[LogLine]:
        """What it printed, from a time on, at most the ``last`` lines (-1: all)."""

    def follow(self, instance: Instance, since: float) -> AbstractContextManager[Iterator[LogLine]]:
        """What it prints, as it comes, until it ends or the context does."""

    def sockets(self, instance: Instance) -> str:
        """Its socket tables, for ``listening``; empty if it has ended."""


class OneOff(Protocol):
    """A command in a container of a release that lives as long as the command."""

    def run(self, spec: InstanceSpec, output: Callable[[bytes], None], cancellation: Cancellation) -> int:
        """Runs it, without input; gives what it prints, and its exit status. Nothing of it is left.

        Raises RunError, EngineGone, or what the cancellation was stopped with.
        """

    def remove_left(self) -> int:
        """Removes the containers of commands that ran when the daemon died; returns how many. Raises EngineGone."""


class Disks(Protocol):
    """What instances and commands write, as far as it is not in memory."""

    def end_larger(self, most: int) -> Sequence[Filled]:
        """Ends those that have written more bytes than that, and what they wrote goes with them. Raises EngineGone."""


class Isolation(Protocol):
    """What keeps instances from each other, from the host and from private networks."""

    def ensure(self) -> str:
        """Puts it in force unless it is, or was taken away. Returns why it cannot be in force here; empty if it is."""

    def lift(self) -> None:
        """Takes it away, as far as that can be done, where no instance is left."""


class Router(Protocol):
    """Leads requests to instances."""

    def begin(self, routes: Sequence[Route]) -> None:
        """The router leads to these apps and to no others: at the start of the daemon, all of them at once.

        One that runs goes on without losing a request; it is started if none runs. Raises RouterError.
        """

    def apply(self, route: Route) -> None:
        """From the return on, new requests of the app go to these endpoints only; running ones end where they are.

        Raises RouterError; then requests go where they went before.
        """

    def busy(self, app: AppName, endpoint: Endpoint) -> bool:
        """Whether requests still run there."""

    def remove(self, app: AppName) -> None:
        """Forgets an app. Raises RouterError."""

    def urls(self, route: Route) -> Sequence[str]:
        """Where the app is reached, the best address first."""


class ResidentRouter(Router, Protocol):
    """A router that is a process of its own, and outlives the daemon."""

    def supervised(self) -> AbstractContextManager[None]:
        """As long as it lasts, the process is started whenever it ends, once ``begin`` has been called. It goes on after."""

    def refresh(self) -> None:
        """Serves the certificates that there are now. Raises RouterError."""

    def stop(self) -> None:
        """Ends the process, with all connections."""


class RunningReleases(Protocol):
    """The releases of apps, as the journal keeps them."""

    def live(self, app: AppName) -> Release | None:
        """What the app runs, or None."""

    def config(self, release: Release) -> Mapping[str, str]:
        """The config vars that it was made with."""

    def starting(self, release: Release) -> None:
        """Its instances are being started."""

    def go_live(self, operation: Operation, release: Release) -> Release:
        """Lets it be live and ends its operation, in one transaction. Raises ReleaseError if that has ended."""

    def fail(self, release: Release) -> None:
        """It was not to be live."""


class AppsThatRun(Protocol):
    """What is known of the apps that run."""

    def formation(self, app: AppName) -> Formation:
        """How many instances of which process type there are to be."""

    def set_first_formation(self, app: AppName, formation: Formation) -> None:
        """What an app begins with; nothing if somebody has said something already."""

    def rescale(self, operation: Operation, formation: Formation) -> None:
        """Changes the formation of those process types and ends the operation, in one transaction.

        Raises ReleaseError if that has ended.
        """

    def stopped(self, app: AppName) -> bool:
        """Whether it was stopped by its people."""

    def switch(self, operation: Operation, on: bool) -> None:
        """Stops the app or lets it run, and ends the operation, in one transaction. Raises ReleaseError if that has ended."""

    def route(self, app: AppName) -> Route:
        """Its names and how it is served, without endpoints."""
